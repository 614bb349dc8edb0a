/*
 * call_command.c - the memory of calls whose command says what they do:
 * ioctl, fcntl, and the control calls of System V.
 *
 * Source: Linux include/uapi/asm-generic/{ioctls,ioctl,fcntl,sockios}.h,
 *         ipc/{shm,sem,msg}.c.
 */
#include <asm/ioctl.h>

#include "capture/call_job.h"

/* What is at the pointer of a command. */
struct command {
	uint32_t number;
	uint16_t loads; /* bytes */
	uint16_t stores;
};

static const struct command ioctls[] = {
	{0x0001, 4, 4},	  /* FIBMAP */
	{0x0002, 0, 4},	  /* FIGETBSZ */
	{0x1260, 0, 8},	  /* BLKGETSIZE */
	{0x1268, 0, 4},	  /* BLKSSZGET */
	{0x5401, 0, 36},  /* TCGETS */
	{0x5402, 36, 0},  /* TCSETS */
	{0x5403, 36, 0},  /* TCSETSW */
	{0x5404, 36, 0},  /* TCSETSF */
	{0x5405, 0, 18},  /* TCGETA */
	{0x5406, 18, 0},  /* TCSETA */
	{0x5407, 18, 0},  /* TCSETAW */
	{0x5408, 18, 0},  /* TCSETAF */
	{0x5409, 0, 0},	  /* TCSBRK */
	{0x540a, 0, 0},	  /* TCXONC */
	{0x540b, 0, 0},	  /* TCFLSH */
	{0x540c, 0, 0},	  /* TIOCEXCL */
	{0x540d, 0, 0},	  /* TIOCNXCL */
	{0x540e, 0, 0},	  /* TIOCSCTTY */
	{0x540f, 0, 4},	  /* TIOCGPGRP */
	{0x5410, 4, 0},	  /* TIOCSPGRP */
	{0x5411, 0, 4},	  /* TIOCOUTQ, SIOCOUTQ */
	{0x5412, 1, 0},	  /* TIOCSTI */
	{0x5413, 0, 8},	  /* TIOCGWINSZ */
	{0x5414, 8, 0},	  /* TIOCSWINSZ */
	{0x5415, 0, 4},	  /* TIOCMGET */
	{0x5416, 4, 0},	  /* TIOCMBIS */
	{0x5417, 4, 0},	  /* TIOCMBIC */
	{0x5418, 4, 0},	  /* TIOCMSET */
	{0x5419, 0, 4},	  /* TIOCGSOFTCAR */
	{0x541a, 4, 0},	  /* TIOCSSOFTCAR */
	{0x541b, 0, 4},	  /* FIONREAD, SIOCINQ */
	{0x541d, 0, 0},	  /* TIOCCONS */
	{0x5420, 4, 0},	  /* TIOCPKT */
	{0x5421, 4, 0},	  /* FIONBIO */
	{0x5422, 0, 0},	  /* TIOCNOTTY */
	{0x5423, 4, 0},	  /* TIOCSETD */
	{0x5424, 0, 4},	  /* TIOCGETD */
	{0x5425, 0, 0},	  /* TCSBRKP */
	{0x5427, 0, 0},	  /* TIOCSBRK */
	{0x5428, 0, 0},	  /* TIOCCBRK */
	{0x5429, 0, 4},	  /* TIOCGSID */
	{0x5437, 0, 0},	  /* TIOCVHANGUP */
	{0x5441, 0, 0},	  /* TIOCGPTPEER */
	{0x5450, 0, 0},	  /* FIONCLEX */
	{0x5451, 0, 0},	  /* FIOCLEX */
	{0x5452, 4, 0},	  /* FIOASYNC */
	{0x5460, 0, 8},	  /* FIOQSIZE */
	{0x8901, 4, 0},	  /* FIOSETOWN */
	{0x8902, 4, 0},	  /* SIOCSPGRP */
	{0x8903, 0, 4},	  /* FIOGETOWN */
	{0x8904, 0, 4},	  /* SIOCGPGRP */
	{0x8905, 0, 4},	  /* SIOCATMARK */
	{0x8906, 0, 16},  /* SIOCGSTAMP */
	{0x8907, 0, 16},  /* SIOCGSTAMPNS */
	{0x8910, 40, 40}, /* SIOCGIFNAME */
	{0x8913, 40, 40}, /* SIOCGIFFLAGS */
	{0x8914, 40, 0},  /* SIOCSIFFLAGS */
	{0x8915, 40, 40}, /* SIOCGIFADDR */
	{0x8916, 40, 0},  /* SIOCSIFADDR */
	{0x8917, 40, 40}, /* SIOCGIFDSTADDR */
	{0x8919, 40, 40}, /* SIOCGIFBRDADDR */
	{0x891b, 40, 40}, /* SIOCGIFNETMASK */
	{0x891c, 40, 0},  /* SIOCSIFNETMASK */
	{0x891d, 40, 40}, /* SIOCGIFMETRIC */
	{0x8921, 40, 40}, /* SIOCGIFMTU */
	{0x8922, 40, 0},  /* SIOCSIFMTU */
	{0x8927, 40, 40}, /* SIOCGIFHWADDR */
	{0x8933, 40, 40}, /* SIOCGIFINDEX */
	{0x8942, 40, 40}, /* SIOCGIFTXQLEN */
	{0x4b33, 0, 1},	  /* KDGKBTYPE */
	{0x4b3b, 0, 4},	  /* KDGETMODE */
	/* These are encoded as of another size, or as a pointer to a number. */
	{0x40049409, 0, 0},   /* FICLONE */
	{0x400454ca, 40, 40}, /* TUNSETIFF */
	{0x80086601, 0, 4},   /* FS_IOC_GETFLAGS */
	{0x40086602, 4, 0},   /* FS_IOC_SETFLAGS */
	{0x80087601, 0, 4},   /* FS_IOC_GETVERSION */
	{0x40087602, 4, 0},   /* FS_IOC_SETVERSION */
};

static const struct command fcntls[] = {
	{5, 32, 32},  /* F_GETLK */
	{6, 32, 0},   /* F_SETLK */
	{7, 32, 0},   /* F_SETLKW */
	{15, 8, 0},   /* F_SETOWN_EX */
	{16, 0, 8},   /* F_GETOWN_EX */
	{17, 0, 8},   /* F_GETOWNER_UIDS */
	{36, 32, 32}, /* F_OFD_GETLK */
	{37, 32, 0},  /* F_OFD_SETLK */
	{38, 32, 0},  /* F_OFD_SETLKW */
	{1035, 0, 8}, /* F_GET_RW_HINT */
	{1036, 8, 0}, /* F_SET_RW_HINT */
	{1037, 0, 8}, /* F_GET_FILE_RW_HINT */
	{1038, 8, 0}, /* F_SET_FILE_RW_HINT */
};

static const struct command shm_controls[] = {
	{1, 112, 0},  /* IPC_SET */
	{2, 0, 112},  /* IPC_STAT */
	{3, 0, 72},   /* IPC_INFO */
	{13, 0, 112}, /* SHM_STAT */
	{14, 0, 48},  /* SHM_INFO */
	{15, 0, 112}, /* SHM_STAT_ANY */
};

static const struct command msg_controls[] = {
	{1, 120, 0},  /* IPC_SET */
	{2, 0, 120},  /* IPC_STAT */
	{3, 0, 32},   /* IPC_INFO */
	{11, 0, 120}, /* MSG_STAT */
	{12, 0, 32},  /* MSG_INFO */
	{13, 0, 120}, /* MSG_STAT_ANY */
};

#define SEM_IPC_SET 1
#define SEM_IPC_STAT 2
#define SEM_IPC_INFO 3
#define SEM_GETALL 13
#define SEM_SETALL 17
#define SEM_STAT 18
#define SEM_INFO 19
#define SEM_STAT_ANY 20

static const struct command *find(const struct command *table, size_t count,
				  uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].number == (uint32_t)number)
			return &table[i];
	return NULL;
}

static void touch(const struct pw_call_job *job, uint64_t address,
		  uint64_t loads, uint64_t stores)
{
	pw_call_load(job, address, loads);
	if (!pw_call_failed(job->call->result))
		pw_call_store(job, address, stores);
}

/* The number of most newer commands says the direction and the size. */
static void touch_encoded(const struct pw_call_job *job, uint32_t number)
{
	uint64_t bytes = _IOC_SIZE(number);

	if (_IOC_DIR(number) == _IOC_NONE || bytes == 0)
		pw_call_tell_why(job, "ioctl");
	else
		touch(job, job->call->arg[2],
		      _IOC_DIR(number) & _IOC_WRITE ? bytes : 0,
		      _IOC_DIR(number) & _IOC_READ ? bytes : 0);
}

/* A command that fails is one that the file does not have, mostly. */
void pw_call_do_ioctl(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	const struct command *known = find(ioctls, PW_COUNT(ioctls), arg[1]);

	if (pw_call_failed(job->call->result))
		return;
	if (known)
		touch(job, arg[2], known->loads, known->stores);
	else
		touch_encoded(job, (uint32_t)arg[1]);
}

static void touch_known(const struct pw_call_job *job,
			const struct command *known)
{
	if (known && !pw_call_is_error(job, PW_CALL_EBADF) &&
	    !pw_call_is_error(job, PW_CALL_EFAULT))
		touch(job, job->call->arg[2], known->loads, known->stores);
}

void pw_call_do_fcntl(const struct pw_call_job *job)
{
	touch_known(job, find(fcntls, PW_COUNT(fcntls), job->call->arg[1]));
}

void pw_call_do_shmctl(const struct pw_call_job *job)
{
	touch_known(job, find(shm_controls, PW_COUNT(shm_controls),
			      job->call->arg[1] & 0xff));
}

void pw_call_do_msgctl(const struct pw_call_job *job)
{
	touch_known(job, find(msg_controls, PW_COUNT(msg_controls),
			      job->call->arg[1] & 0xff));
}

/* How many semaphores are in the set is known to the kernel only. */
void pw_call_do_semctl(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	uint64_t set_bytes = call->machine == PW_CALL_X86_64 ? 104 : 88;

	switch (call->arg[2] & 0xff) {
	case SEM_IPC_SET:
		touch(job, call->arg[3], set_bytes, 0);
		break;
	case SEM_IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		touch(job, call->arg[3], 0, set_bytes);
		break;
	case SEM_IPC_INFO:
	case SEM_INFO:
		touch(job, call->arg[3], 0, 40);
		break;
	case SEM_GETALL:
	case SEM_SETALL:
		if (!pw_call_failed(call->result))
			pw_call_tell_why(job, "kernel access");
		break;
	default:
		break;
	}
}
