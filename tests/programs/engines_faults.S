# Faults in the middle of blocks, repaired by a handler that lets the
# instruction run again, and code that rewrites itself. The handler begins on a
# signal stack far away and leaves it for another: what is on a signal stack
# differs from kernel to emulator. r12 is the rounds left.
	.intel_syntax noprefix
	.equ PAGE, 4096
	.equ AREA, 0x10000000		# two pages
	.equ SIGNAL_STACK, 0x300000000000	# as far away as any stack
	.globl work
	.text
work:
	push rbx
	push r12
	push r13
	mov r12, rdi
	mov rdi, AREA
	mov esi, 2 * PAGE
	call map
	mov rdi, SIGNAL_STACK
	mov esi, 16 * PAGE
	call map
	mov eax, 131			# sigaltstack
	lea rdi, [rip + stack]
	xor esi, esi
	syscall
	mov eax, 13			# rt_sigaction
	mov edi, 11			# SIGSEGV
	lea rsi, [rip + action]
	xor edx, edx
	mov r10d, 8
	syscall
round:
	call loads
	call stores
	call strings
	call vectors
	call rewrite
	dec r12
	jnz round
	xor eax, eax
	pop r13
	pop r12
	pop rbx
	ret

map:
	mov eax, 9			# mmap
	mov edx, 3			# PROT_READ | PROT_WRITE
	mov r10d, 0x32			# PRIVATE | FIXED | ANONYMOUS
	mov r8, -1
	xor r9d, r9d
	syscall
	ret

	# Take rights of the second page away; edx says which are left.
forbid:
	mov eax, 10			# mprotect
	mov edi, AREA + PAGE
	mov esi, PAGE
	syscall
	mov rbx, AREA + PAGE
	mov ecx, 5
	ret

handler:
	push rbx
	mov r13, rsp
	lea rsp, [rip + handler_end]
	push rax
	push rdi
	push rsi
	push rdx
	mov eax, 10
	mov edi, AREA + PAGE
	mov esi, PAGE
	mov edx, 3
	syscall
	pop rdx
	pop rsi
	pop rdi
	pop rax
	mov rsp, r13
	pop rbx
	ret
restorer:
	mov eax, 15			# rt_sigreturn
	syscall

	# Each line: instructions before, the one that faults, and behind it some
	# with and some without memory.
	.macro fault rights, instruction:vararg
	mov edx, \rights
	call forbid
	mov rax, [rip + value]
	lea r8, [rax + 1]
	\instruction
	lea r9, [r8 + 1]
	mov [rip + value], r9
	inc r9
	jmp 1f
1:
	mov edx, \rights
	call forbid
	mov [rip + value], r8
	\instruction
	lea r9, [r8 + 1]
	jmp 1f
1:
	.endm

loads:
	fault 0, mov rax, [rbx + 8]
	fault 0, add rax, [rbx - 3]
	fault 0, push qword ptr [rbx]
	pop rax
	pop rax
	fault 0, cmp dword ptr [rbx], 5
	fault 0, bt [rbx], r9
	fault 0, imul rax, [rbx + rcx * 8]
	ret

stores:
	fault 1, mov [rbx + 8], rax
	fault 1, mov [rbx - 3], rax
	fault 1, add [rbx], rax
	fault 1, lock add [rbx], eax
	fault 1, lock cmpxchg [rbx], rcx
	fault 1, cmpxchg [rbx + 8], r8
	fault 1, xchg [rbx], r8
	fault 1, inc dword ptr [rbx]
	fault 1, bts dword ptr [rbx], 3
	push rax
	push rax
	fault 1, pop qword ptr [rbx]
	fault 0, sete [rbx]
	ret

	.macro source at
	lea rsi, [rip + text]
	lea rdi, [rbx + \at]
	.endm

	# The fault comes at the first element, later, or never.
strings:
	.irp at, 0, -3, -100
	fault 0, source \at; rep movsb
	fault 0, source \at; rep stosw
	fault 0, source \at; repe cmpsb
	fault 0, source \at; repne scasd
	fault 0, source \at; movsq
	fault 0, source \at; xchg rsi, rdi; rep movsd
	fault 0, source \at; xor ecx, ecx; rep movsb
	.endr
	ret

vectors:
	fault 0, movups xmm0, [rbx - 8]
	fault 0, movups xmm0, [rbx - 7]
	fault 1, movups [rbx - 8], xmm0
	fault 1, movups [rbx - 7], xmm0
	fault 0, paddb xmm0, [rbx]
	fault 0, fld tbyte ptr [rbx - 8]
	fault 1, fstp tbyte ptr [rbx - 8]
	fault 0, cvtsi2sd xmm0, qword ptr [rbx]
	ret

	# The next instruction, one behind it in the same block, and one in a
	# block that has run before.
rewrite:
	mov edx, 7
	lea rdi, [rip + rewritten]
	and rdi, -PAGE
	mov esi, 2 * PAGE
	mov eax, 10
	syscall
	mov eax, r12d
	and eax, 127
	mov [rip + number], al
	mov byte ptr [rip + number + 2], al
rewritten:
	nop
	mov dl, 5			# both numbers are overwritten
	.equ number, . - 1
	mov bl, 6
	mov byte ptr [rip + further], al
	mov [rip + value], rax
	nop
	mov cl, 7
	.equ further, . - 1
	mov rax, [rip + value]
	inc byte ptr [rip + last]
	nop
	mov cl, 8
	.equ last, . - 1
	ret

	.data
	.balign 64
value:
	.quad 0
text:
	.skip 64, 7
action:
	.quad handler, 0x0c000004, restorer, 0	# SIGINFO | ONSTACK | RESTORER
stack:
	.quad SIGNAL_STACK, 0, 16 * PAGE
	.bss
	.balign 16
	.skip 1024
handler_end:
	.section .note.GNU-stack, "", @progbits
