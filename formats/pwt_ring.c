/*
 * pwt_ring.c - worker threads that decode segments ahead of the consumer.
 *
 * Segment i goes to slot i modulo the number of slots. A slot is FREE, then a
 * worker's (BUSY), then the consumer's (READY), then FREE again. The states
 * and the two counters are the only things that threads share, under one
 * mutex.
 */
#include "formats/pwt_ring.h"

#include <pthread.h>
#include <signal.h>

#include "base/assert.h"

#define WORKERS_MAX 64

enum slot_state { FREE, BUSY, READY };

struct slot {
	struct pw_segment segment;
	enum slot_state state;
	uint64_t raw_bytes; /* unpacked, unless it is FREE */
	enum pw_status status;
	struct pw_error err;
};

struct pw_ring {
	struct pw_ring_source source;
	struct slot *slots;
	size_t slot_count;
	struct pw_segment_decoder decoder; /* the consumer's own */
	pthread_t worker[WORKERS_MAX];
	unsigned workers; /* wanted */
	unsigned running;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	pthread_cond_t readied;
	bool stop;
	uint64_t ahead_bytes; /* of the slots that are not FREE */
	size_t claimed;	      /* segments that workers have taken */
	size_t delivered;     /* segments that the consumer has asked for */
};

static void decode(struct pw_ring *ring, struct pw_segment_decoder *decoder,
		   size_t index, struct slot *slot)
{
	const struct pw_segment_place *place = &PW_ARRAY_AT(
		ring->source.places, const struct pw_segment_place, index);

	PW_ASSERT(index < ring->source.places->count);
	slot->status =
		pw_segment_decode(decoder, ring->source.file, ring->source.list,
				  place, &slot->segment, &slot->err);
}

static uint64_t raw_bytes_of(const struct pw_ring *ring, size_t index)
{
	const struct pw_segment_place *place = &PW_ARRAY_AT(
		ring->source.places, const struct pw_segment_place, index);

	return pw_segment_raw_bytes(ring->source.list, place);
}

/* Whether the next segment must wait for a slot, or for memory. */
static bool must_wait(const struct pw_ring *ring, uint64_t raw_bytes)
{
	return ring->slots[ring->claimed % ring->slot_count].state != FREE ||
	       (ring->ahead_bytes > 0 &&
		ring->ahead_bytes + raw_bytes > PW_SEGMENTS_BYTES_MAX);
}

/* Wait for a slot to fill; false when there is no more to do. */
static bool claim(struct pw_ring *ring, size_t *index)
{
	bool more;

	pthread_mutex_lock(&ring->mutex);
	for (;;) {
		uint64_t bytes;

		more = !ring->stop &&
		       ring->claimed < ring->source.places->count;
		if (!more)
			break;
		bytes = raw_bytes_of(ring, ring->claimed);
		if (!must_wait(ring, bytes)) {
			struct slot *slot =
				&ring->slots[ring->claimed % ring->slot_count];

			*index = ring->claimed++;
			slot->state = BUSY;
			slot->raw_bytes = bytes;
			ring->ahead_bytes += bytes;
			break;
		}
		pthread_cond_wait(&ring->freed, &ring->mutex);
	}
	pthread_mutex_unlock(&ring->mutex);
	return more;
}

static void *work(void *argument)
{
	struct pw_ring *ring = argument;
	struct pw_segment_decoder decoder;
	struct pw_error err = {0};
	enum pw_status st;
	size_t index;

	st = pw_segment_decoder_init(&decoder, ring->source.threads,
				     ring->source.touches, ring->source.shapes,
				     &err);
	while (claim(ring, &index)) {
		struct slot *slot = &ring->slots[index % ring->slot_count];

		if (st == PW_OK) {
			decode(ring, &decoder, index, slot);
		} else {
			slot->status = st;
			slot->err = err;
		}
		pthread_mutex_lock(&ring->mutex);
		PW_ASSERT(slot->state == BUSY);
		slot->state = READY;
		pthread_cond_broadcast(&ring->readied);
		pthread_mutex_unlock(&ring->mutex);
	}
	pw_segment_decoder_free(&decoder);
	return NULL;
}

/* Start as many workers as the system gives; none is fine too. */
static void start(struct pw_ring *ring)
{
	sigset_t all, before;

	ring->started = true;
	if (ring->workers < 2)
		return;
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (ring->running < ring->workers &&
	       pthread_create(&ring->worker[ring->running], NULL, work, ring) ==
		       0)
		ring->running++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum pw_status pw_ring_open(struct pw_ring **out,
			    const struct pw_ring_source *source,
			    unsigned workers, struct pw_error *err)
{
	struct pw_ring *ring = calloc(1, sizeof(*ring));
	enum pw_status st;

	PW_ASSERT(workers >= 1);
	*out = NULL;
	if (!ring)
		return pw_fail_memory(err, "a segment ring");
	ring->source = *source;
	ring->workers = workers < WORKERS_MAX ? workers : WORKERS_MAX;
	ring->slot_count = ring->workers > 1 ? (size_t)ring->workers + 1 : 1;
	pthread_mutex_init(&ring->mutex, NULL);
	pthread_cond_init(&ring->freed, NULL);
	pthread_cond_init(&ring->readied, NULL);
	ring->slots = calloc(ring->slot_count, sizeof(*ring->slots));
	if (!ring->slots) {
		st = pw_fail_memory(err, "a segment ring");
		goto fail;
	}
	for (size_t i = 0; i < ring->slot_count; i++)
		pw_segment_init(&ring->slots[i].segment);
	st = pw_segment_decoder_init(&ring->decoder, source->threads,
				     source->touches, source->shapes, err);
	if (st != PW_OK)
		goto fail;
	*out = ring;
	return PW_OK;
fail:
	pw_ring_close(ring);
	return st;
}

void pw_ring_close(struct pw_ring *ring)
{
	if (!ring)
		return;
	pthread_mutex_lock(&ring->mutex);
	ring->stop = true;
	pthread_cond_broadcast(&ring->freed);
	pthread_mutex_unlock(&ring->mutex);
	for (unsigned i = 0; i < ring->running; i++)
		pthread_join(ring->worker[i], NULL);
	pw_segment_decoder_free(&ring->decoder);
	for (size_t i = 0; ring->slots && i < ring->slot_count; i++)
		pw_segment_free(&ring->slots[i].segment);
	free(ring->slots);
	pthread_cond_destroy(&ring->readied);
	pthread_cond_destroy(&ring->freed);
	pthread_mutex_destroy(&ring->mutex);
	free(ring);
}

/* Give the slot of the segment delivered last back to the workers. */
static void give_back(struct pw_ring *ring)
{
	struct slot *slot;

	if (ring->delivered == 0)
		return;
	slot = &ring->slots[(ring->delivered - 1) % ring->slot_count];
	if (slot->raw_bytes > PW_SEGMENT_KEPT_MAX) {
		pw_segment_free(&slot->segment);
		pw_segment_init(&slot->segment);
	}
	pthread_mutex_lock(&ring->mutex);
	PW_ASSERT(ring->running == 0 || slot->state == READY);
	slot->state = FREE;
	ring->ahead_bytes -= slot->raw_bytes;
	slot->raw_bytes = 0;
	pthread_cond_broadcast(&ring->freed);
	pthread_mutex_unlock(&ring->mutex);
}

static void wait_ready(struct pw_ring *ring, const struct slot *slot)
{
	pthread_mutex_lock(&ring->mutex);
	while (slot->state != READY)
		pthread_cond_wait(&ring->readied, &ring->mutex);
	pthread_mutex_unlock(&ring->mutex);
}

enum pw_status pw_ring_next(struct pw_ring *ring,
			    const struct pw_segment **segment,
			    struct pw_error *err)
{
	struct slot *slot;

	*segment = NULL;
	if (!ring->started)
		start(ring);
	if (ring->delivered == ring->source.places->count)
		return PW_OK;
	give_back(ring);
	PW_ASSERT(ring->delivered < ring->source.places->count);
	slot = &ring->slots[ring->delivered % ring->slot_count];
	if (ring->running > 0)
		wait_ready(ring, slot);
	else
		decode(ring, &ring->decoder, ring->delivered, slot);
	ring->delivered++;
	if (slot->status != PW_OK) {
		*err = slot->err;
		return slot->status;
	}
	*segment = &slot->segment;
	return PW_OK;
}
