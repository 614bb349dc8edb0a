# String instructions: all sizes, both directions, once and repeated, with
# counts of zero, counts cut to 32 bits, and comparisons that end early, at the
# last element or not at all. r15 is a random number, r12 the rounds left.
	.intel_syntax noprefix
	.globl work
	.text
work:
	push rbx
	push r12
	push r13
	push r15
	mov r12, rdi
	mov r15d, 54321
round:
	mov rax, 6364136223846793005
	imul r15, rax
	add r15, 1442695
	mov r13, r15
	shr r13, 59			# up to 31 elements
	call single
	call repeated
	call found
	call crossing
	call narrow
	std
	call single
	call repeated
	call found
	cld
	call block
	dec r12
	jnz round
	xor eax, eax
	pop r15
	pop r13
	pop r12
	pop rbx
	ret

	.macro point
	lea rsi, [rip + source + 4096]
	lea rdi, [rip + target + 4096]
	.endm

single:
	point
	.irp suffix, b, w, d, q
	movs\suffix
	stos\suffix
	lods\suffix
	scas\suffix
	cmps\suffix
	.endr
	ret

	.macro repeat length, suffix
	mov rcx, \length
	rep movs\suffix
	mov rcx, \length
	rep stos\suffix
	mov rcx, \length
	rep lods\suffix
	.endm

repeated:
	.irp suffix, b, w, d, q
	point
	repeat r13, \suffix
	repeat 0, \suffix
	repeat 1, \suffix
	.endr
	ret

	# Equal bytes up to one that differs, and the search for it.
	.macro search length, suffix
	point
	mov eax, 0x01010101
	mov rcx, \length
	repe cmps\suffix
	mov rcx, \length
	repne cmps\suffix
	point
	mov rcx, \length
	repe scas\suffix
	point
	mov rcx, \length
	repne scas\suffix
	.endm

found:
	mov byte ptr [rip + source + 4096 + 40], 9
	mov byte ptr [rip + source + 4096 - 40], 9
	.irp suffix, b, w, d, q
	search r13, \suffix
	search 100, \suffix
	search 0, \suffix
	search 1, \suffix
	.endr
	ret

	# Elements that lie in two pages, and areas that overlap.
crossing:
	lea rsi, [rip + source + 4093]
	lea rdi, [rip + target + 8190]
	mov ecx, 5
	rep movsq
	lea rdi, [rip + target + 4095]
	mov ecx, 3
	rep stosw
	lea rsi, [rip + source + 100]
	lea rdi, [rip + source + 101]
	mov rcx, r13
	rep movsb
	ret

	# 32-bit addresses and count.
narrow:
	mov rcx, 0x700000003
	mov esi, offset source
	mov edi, offset target
	rep movsd [edi], [esi]
	mov rcx, 0x700000000
	rep stosb [edi], al
	mov rcx, 0x700000002
	rep lodsw ax, [esi]
	movsb [edi], [esi]
	mov ecx, 4
	repe cmpsb [esi], [edi]
	ret

	# A repetition behind and before others, by a jump and by none.
block:
	point
	mov ebx, 2
again:
	mov rcx, r13
	rep movsb
	mov ecx, 3
	rep stosd
	dec ebx
	jnz again
	mov ecx, 4
	jmp into
into:
	rep stosq
	jrcxz done
done:
	ret

	.data
	.balign 4096
source:
	.skip 16384, 1
target:
	.skip 16384, 1
	.section .note.GNU-stack, "", @progbits
