# Integer instructions in the forms in which they touch memory. rbx is the
# data, r15 a random number, r12 the rounds left.
	.intel_syntax noprefix
	.globl work
	.text
work:
	push rbx
	push r12
	push r15
	mov r12, rdi
	mov r15d, 12345
	lea rbx, [rip + data + 8192]
	mov eax, 158			# arch_prctl
	mov edi, 0x1002			# ARCH_SET_FS
	mov rsi, rbx
	syscall
round:
	mov rax, 6364136223846793005
	imul r15, rax
	add r15, 1442695
	call moves
	call arithmetic
	call shifts
	call wide
	call locked
	call compare
	call bits
	call pushes
	call frames
	call tables
	call pages
	mov edi, 5
	call fibonacci
	dec r12
	jnz round
	xor eax, eax
	pop r15
	pop r12
	pop rbx
	ret

moves:
	mov rcx, r15
	shr rcx, 57
	mov al, [rbx]
	mov ax, [rbx + 2]
	mov eax, [rbx + rcx]
	mov rax, [rbx + rcx * 8 + 64]
	mov rax, [rcx * 8 + data]
	mov [rbx + rcx], al
	mov [rbx + rcx * 2], ax
	mov [rbx + rcx * 4 - 60], eax
	mov [rbx + rcx * 8], rax
	mov dword ptr [rip + data + 100], 77
	mov word ptr [rbx + 3], 7
	mov rax, [rip + data + 4093]
	mov rax, [rbx + 4095]
	mov [rbx + 4089], rax
	movabs al, [data + 9]
	movabs rax, [data + 16]
	movabs [data + 24], eax
	movabs [data + 32], rax
	mov eax, fs:[16]
	mov fs:[rcx * 4], eax
	mov eax, [ebx + 8]
	mov [ebx + ecx * 4], eax
	movzx eax, byte ptr [rbx + rcx]
	movzx eax, word ptr [rbx + rcx]
	movsx eax, byte ptr [rbx + rcx]
	movsx rax, word ptr [rbx + rcx]
	movsxd rax, dword ptr [rbx + rcx]
	movbe eax, [rbx + 12]
	movbe [rbx + 20], rax
	movnti [rbx + 40], rax
	xchg [rbx + 48], rax
	xchg [rbx + 49], al
	xchg ax, [rbx + 50]
	mov [rbx + 60], ds
	test r15, r15
	cmovs rax, [rbx + 64]
	cmovns eax, [rbx + 72]
	sets [rbx + 80]
	setns [rbx + 81]
	lea rax, [rbx + rcx * 8]
	nop dword ptr [rbx]
	prefetcht0 [rbx]
	prefetchw [rbx]
	clflush [rbx]
	lfence
	sfence
	mfence
	pause
	ret

	.macro both operation
	\operation byte ptr [rbx], al
	\operation [rbx + 2], ax
	\operation [rbx + 4], eax
	\operation [rbx + 8], rax
	\operation al, [rbx + 16]
	\operation ax, [rbx + 18]
	\operation eax, [rbx + 20]
	\operation rax, [rbx + 24]
	\operation byte ptr [rbx + 32], 3
	\operation dword ptr [rbx + 34], 3
	\operation qword ptr [rbx + 38], 0x12345
	.endm

	.macro one operation
	\operation byte ptr [rbx + 100]
	\operation word ptr [rbx + 102]
	\operation dword ptr [rbx + 104]
	\operation qword ptr [rbx + 4090]
	.endm

arithmetic:
	mov rax, r15
	both add
	both sub
	both adc
	both sbb
	both and
	both or
	both xor
	both cmp
	test [rbx], al
	test [rbx + 2], ax
	test [rbx + 4], eax
	test [rbx + 8], rax
	test byte ptr [rbx], 1
	test dword ptr [rbx], 1
	test qword ptr [rbx], 1
	one inc
	one dec
	one neg
	one not
	xadd [rbx + 8], rax
	xadd [rbx + 9], al
	ret

	.macro shift operation
	\operation byte ptr [rbx], 1
	\operation word ptr [rbx + 2], 3
	\operation dword ptr [rbx + 4], cl
	\operation qword ptr [rbx + 8], cl
	\operation byte ptr [rbx + 16], cl
	\operation qword ptr [rbx + 24], 0
	.endm

	# cl is 0 now and then: the memory is touched all the same.
shifts:
	mov rcx, r15
	shr rcx, 62
	shift shl
	shift shr
	shift sar
	shift rol
	shift ror
	shift rcl
	shift rcr
	shld [rbx + 32], rax, 5
	shld [rbx + 40], eax, cl
	shrd [rbx + 48], ax, 3
	shrd [rbx + 56], rax, cl
	ret

wide:
	mov eax, 77
	mul byte ptr [rbx + 1]
	mul dword ptr [rbx + 4]
	mul qword ptr [rbx + 8]
	imul word ptr [rbx + 16]
	imul rax, [rbx + 24]
	imul eax, [rbx + 32], 5
	mov qword ptr [rbx + 40], 1000
	mov qword ptr [rbx + 48], 77
	xor edx, edx
	div qword ptr [rbx + 40]
	xor edx, edx
	mov eax, 5
	idiv dword ptr [rbx + 48]
	mov eax, 100
	div byte ptr [rbx + 48]
	bsf rax, [rbx + 56]
	bsr eax, [rbx + 64]
	tzcnt rax, [rbx + 72]
	lzcnt eax, [rbx + 80]
	popcnt rax, [rbx + 88]
	crc32 eax, byte ptr [rbx + 89]
	crc32 rax, qword ptr [rbx + 96]
	andn eax, edx, [rbx + 104]
	bextr rax, [rbx + 112], rdx
	bzhi rax, [rbx + 120], rdx
	pdep eax, edx, [rbx + 128]
	pext rax, rdx, [rbx + 136]
	mulx rcx, rax, [rbx + 144]
	rorx rax, [rbx + 152], 7
	sarx rax, [rbx + 160], rcx
	shlx eax, [rbx + 168], ecx
	shrx rax, [rbx + 176], rcx
	blsr rax, [rbx + 184]
	blsi eax, [rbx + 192]
	blsmsk rax, [rbx + 200]
	adcx rax, [rbx + 208]
	adox eax, [rbx + 216]
	ret

	.macro lock_both operation
	lock \operation byte ptr [rbx], al
	lock \operation [rbx + 2], ax
	lock \operation [rbx + 4], eax
	lock \operation [rbx + 8], rax
	lock \operation qword ptr [rbx + 16], 5
	.endm

	.macro lock_one operation
	lock \operation byte ptr [rbx + 100]
	lock \operation word ptr [rbx + 102]
	lock \operation dword ptr [rbx + 104]
	lock \operation qword ptr [rbx + 112]
	.endm

locked:
	mov rax, r15
	lock_both add
	lock_both sub
	lock_both adc
	lock_both sbb
	lock_both and
	lock_both or
	lock_both xor
	lock_one inc
	lock_one dec
	lock_one neg
	lock_one not
	lock xadd [rbx + 8], rax
	lock xadd [rbx + 24], eax
	lock xadd [rbx + 29], al
	mov ecx, 1000
	lock bts [rbx], ecx
	lock btr [rbx], rcx
	lock btc dword ptr [rbx], 7
	xchg [rbx + 32], eax
	lock or dword ptr [rsp], 0
	ret

	# Each once so that it stores the new value and once so that it does not.
	.macro exchange register, accumulator, at
	mov \accumulator, [rbx + \at]
	lock cmpxchg [rbx + \at], \register
	not \accumulator
	lock cmpxchg [rbx + \at], \register
	mov \accumulator, [rbx + \at]
	cmpxchg [rbx + \at], \register
	not \accumulator
	cmpxchg [rbx + \at], \register
	.endm

compare:
	push rbx
	mov rsi, rbx
	mov rcx, r15
	exchange cl, al, 0
	exchange cx, ax, 2
	exchange ecx, eax, 4
	exchange rcx, rax, 8
	mov ebx, 5
	.irp prefix, lock, nop
	mov eax, [rsi + 16]
	mov edx, [rsi + 20]
	\prefix
	cmpxchg8b [rsi + 16]
	not eax
	\prefix
	cmpxchg8b [rsi + 16]
	mov rax, [rsi + 32]
	mov rdx, [rsi + 40]
	\prefix
	cmpxchg16b [rsi + 32]
	not rax
	\prefix
	cmpxchg16b [rsi + 32]
	.endr
	pop rbx
	ret

	.macro string_bit operation
	\operation [rbx], rcx
	\operation [rbx], ecx
	\operation [rbx + 2], cx
	\operation [rbx + rdx * 8], rcx
	\operation dword ptr [rbx + 4], 9
	\operation qword ptr [rbx + 8], 61
	.endm

bits:
	mov rcx, r15
	sar rcx, 50
	mov rdx, rcx
	and edx, 15
	string_bit bt
	string_bit bts
	string_bit btr
	string_bit btc
	ret

pushes:
	push rax
	push 5
	push 0x12345
	push qword ptr [rbx]
	push qword ptr [rsp + 8]
	push qword ptr [rbx + 4092]
	push rsp
	push fs
	pop rax
	pop rax
	pop qword ptr [rbx + 4092]
	pop qword ptr [rbx]
	pop qword ptr [rsp + 8]
	pop qword ptr [rsp]
	pop rax
	push ax
	push word ptr [rbx + 6]
	pop word ptr [rbx + 8]
	pop cx
	pushfq
	popfq
	pushf
	pop rax
	push rsp
	pop rsp
	pop rax
	call leaf
	mov rax, offset leaf
	call rax
	mov [rbx + 16], rax
	call [rbx + 16]
	push rax
	push rax
	call two
	ret
leaf:
	ret
two:
	ret 16

frames:
	push rbp
	mov rbp, rsp
	enter 16, 0
	enter 32, 1
	enter 8, 5
	leave
	leave
	leave
	push rbp
	mov rbp, rsp
	enter 24, 31
	leave
	pop rbp
	pop rbp
	ret

tables:
	push rbx
	mov rax, r15
	shr rax, 61
	jmp [rax * 8 + jumps]
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7
case\number:
	add dword ptr [rbx + 4 * \number], \number
	jmp joined
	.endr
joined:
	lea rbx, [rip + data]
	mov rax, r15
	shr rax, 40
	xlatb
	xlatb
	mov al, 200
	xlatb
	pop rbx
	ret

fibonacci:
	cmp edi, 2
	jb small
	push rbx
	push r14
	mov ebx, edi
	dec edi
	call fibonacci
	mov r14d, eax
	lea edi, [rbx - 2]
	call fibonacci
	add eax, r14d
	pop r14
	pop rbx
	ret
small:
	mov eax, edi
	ret

# Instructions that begin in one page and end in the next, after others and by
# themselves, with memory and without.
	.balign 4096
	.skip 4085, 0x90
pages:
	inc eax
	lea edx, [rax + 1]
	movabs rax, 0x1122334455667788
	inc eax
	jmp second
	.balign 4096
	.skip 4094, 0x90
second:
	mov rax, [rbx + 8]
	ret

	.data
	.balign 4096
data:
	.skip 32768
jumps:
	.quad case0, case1, case2, case3, case4, case5, case6, case7
	.section .note.GNU-stack, "", @progbits
