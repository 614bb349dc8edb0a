# Threads that work side by side: each of four adds with locks to what all of
# them share, and sorts and sums an area of its own. Nothing they execute
# depends on what another does, and nobody waits: the first thread ends first,
# and the process with the last.
	.intel_syntax noprefix
	.equ THREADS, 4
	.equ AREA, 16384
	.globl work
	.text
work:
	mov r12, rdi
	xor r13d, r13d
start:
	mov eax, 56			# clone
	mov edi, 0x50f00		# VM FS FILES SIGHAND THREAD SYSVSEM
	lea rsi, [r13 + 1]
	imul rsi, rsi, AREA
	add rsi, offset areas		# the stack is the end of the area
	xor edx, edx
	xor r10d, r10d
	xor r8d, r8d
	syscall
	test rax, rax
	jz child
	inc r13d
	cmp r13d, THREADS
	jne start
	mov rbx, offset areas + THREADS * AREA
	call rounds
	mov eax, 60			# exit, of this thread
	xor edi, edi
	syscall

child:
	mov rbx, r13
	imul rbx, rbx, AREA
	add rbx, offset areas
	call rounds
	mov eax, 60
	xor edi, edi
	syscall

rounds:
	mov r15, rbx
round:
	call share
	call sort
	dec r12
	jnz round
	ret

share:
	mov rax, 1
	lock add [rip + shared], rax
	lock xadd [rip + shared + 8], rax
	lock inc dword ptr [rip + shared + 16]
	lock bts dword ptr [rip + shared + 20], 3
	lock btr dword ptr [rip + shared + 20], 3
	lock or byte ptr [rip + shared + 24], 1
	lock neg word ptr [rip + shared + 26]
	lock not qword ptr [rip + shared + 32]
	xchg [rip + shared + 40], rax
	mov rax, [rip + shared + 48]
	lea rdx, [rax + 1]
	lock cmpxchg [rip + shared + 48], rdx
	mov rax, -1
	lock cmpxchg [rip + shared + 48], rdx
	push rbx
	lock cmpxchg8b [rip + shared + 56]
	lock cmpxchg16b [rip + shared + 64]
	pop rbx
	add qword ptr [rip + shared + 80], 1
	add [rip + shared + 61], eax	# lies in two lines
	lock add [rip + shared + 126], eax
	ret

# Fill 32 words with random numbers and sort them by insertion.
sort:
	xor ecx, ecx
	mov rax, 6364136223846793005
fill:
	imul r15, rax
	add r15, 1442695
	mov [rbx + rcx * 8], r15
	inc ecx
	cmp ecx, 32
	jne fill
	mov ecx, 1
insert:
	mov rdx, [rbx + rcx * 8]
	mov rdi, rcx
shift:
	mov rsi, [rbx + rdi * 8 - 8]
	cmp rsi, rdx
	jle place
	mov [rbx + rdi * 8], rsi
	dec rdi
	jnz shift
place:
	mov [rbx + rdi * 8], rdx
	inc ecx
	cmp ecx, 32
	jne insert
	ret

	.data
	.balign 128
shared:
	.skip 256
	.bss
	.balign 4096
areas:
	.skip (THREADS + 1) * AREA
	.section .note.GNU-stack, "", @progbits
