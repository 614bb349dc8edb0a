# The start of programs that are recorded by both engines: no C library, whose
# start-up depends on the processor, and a stack of its own, so that its
# addresses are the same in every run. Calls work(rounds), rounds being the
# first argument, and exits with what it returns.
	.intel_syntax noprefix
	.globl _start
	.text
_start:
	mov rsi, [rsp + 16]
	lea rsp, [rip + stack_end]
	xor ebp, ebp
	xor edi, edi
digit:
	movzx eax, byte ptr [rsi]
	sub eax, '0'
	js parsed
	imul rdi, rdi, 10
	add rdi, rax
	inc rsi
	jmp digit
parsed:
	call work
	mov edi, eax
	mov eax, 231
	syscall

	.bss
	.balign 4096
	.skip 65536
stack_end:
	.section .note.GNU-stack, "", @progbits
