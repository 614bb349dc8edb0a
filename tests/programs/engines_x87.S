# x87 instructions, and those that save and restore floating-point state. rbx
# is the data, rcx an offset, r15 a random number, r12 the rounds left. xsave is
# asked for components that processor and emulator both have, and that are in
# use: others make areas of other sizes.
	.intel_syntax noprefix
	.globl work
	.text
work:
	push rbx
	push r12
	push r15
	mov r12, rdi
	mov r15d, 99
	lea rbx, [rip + data + 4000]
round:
	mov rax, 6364136223846793005
	imul r15, rax
	add r15, 1442695
	mov rcx, r15
	shr rcx, 57
	call floats
	call integers
	call arithmetic
	call control
	call state
	dec r12
	jnz round
	xor eax, eax
	pop r15
	pop r12
	pop rbx
	ret

floats:
	fninit
	fld dword ptr [rbx + rcx]
	fld qword ptr [rbx + rcx]
	fld tbyte ptr [rbx + rcx]
	fld tbyte ptr [rip + data + 4090]
	fst dword ptr [rbx + rcx]
	fst qword ptr [rbx + rcx]
	fstp dword ptr [rbx + 40]
	fstp qword ptr [rbx + 90]
	fstp tbyte ptr [rbx + rcx]
	fstp tbyte ptr [rip + data + 4090]
	fldz
	fbstp [rbx + rcx]
	fbld [rbx + rcx]
	fstp st(0)
	ret

integers:
	fild word ptr [rbx + rcx]
	fild dword ptr [rbx + rcx]
	fild qword ptr [rbx + rcx]
	fist word ptr [rbx + 1]
	fist dword ptr [rbx + 2]
	fistp word ptr [rbx + 3]
	fistp dword ptr [rbx + 5]
	fistp qword ptr [rbx + 93]
	fld1
	fld1
	fld1
	fisttp word ptr [rbx + 3]
	fisttp dword ptr [rbx + 5]
	fisttp qword ptr [rbx + 95]
	ret

arithmetic:
	fld1
	.irp operation, fadd, fsub, fsubr, fmul, fdiv, fdivr, fcom
	\operation dword ptr [rbx + rcx]
	\operation qword ptr [rbx + rcx]
	.endr
	.irp operation, fiadd, fisub, fisubr, fimul, fidiv, fidivr, ficom
	\operation word ptr [rbx + rcx]
	\operation dword ptr [rbx + rcx]
	.endr
	fcomp dword ptr [rbx]
	fld1
	fcomp qword ptr [rbx]
	fld1
	ficomp word ptr [rbx]
	fld1
	ficomp dword ptr [rbx]
	ret

control:
	fninit
	fnstcw [rbx]
	fldcw [rbx]
	fnstsw [rbx + 2]
	fnstsw ax
	fnstenv [rbx + rcx]
	fldenv [rbx + rcx]
	.byte 0x66
	fnstenv [rbx + 32]
	.byte 0x66
	fldenv [rbx + 32]
	fld1
	fnsave [rbx + rcx]
	frstor [rbx + rcx]
	.byte 0x66
	fnsave [rbx + 8]
	.byte 0x66
	frstor [rbx + 8]
	fnclex
	fwait
	ret

state:
	fninit
	fxsave [rip + area]
	fxrstor [rip + area]
	fxsave64 [rip + area]
	fxrstor64 [rip + area]
	stmxcsr [rbx]
	ldmxcsr [rbx]
	xor edx, edx
	mov eax, 7
	vpcmpeqd ymm0, ymm0, ymm0
	xsave [rip + area]
	xrstor [rip + area]
	xsave64 [rip + area]
	xrstor64 [rip + area]
	mov eax, 3
	xsave [rip + area]
	xrstor [rip + area]
	mov eax, 1
	xsave [rip + area]
	xrstor [rip + area]
	vzeroall
	fninit
	ret

	.data
	.balign 4096
data:
	.skip 8192
	.balign 64
area:
	.skip 4096
	.section .note.GNU-stack, "", @progbits
