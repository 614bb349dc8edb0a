# Vector instructions, MMX to AVX2, in the forms in which they touch memory.
# rbx is the data, rcx an offset that lets accesses cross lines and pages, r15
# a random number, r12 the rounds left.
	.intel_syntax noprefix
	.globl work
	.text
work:
	push rbx
	push r12
	push r15
	mov r12, rdi
	mov r15d, 777
	lea rbx, [rip + data + 4000]
round:
	mov rax, 6364136223846793005
	imul r15, rax
	add r15, 1442695
	mov rcx, r15
	shr rcx, 57			# up to 127
	call mmx
	call moves
	call aligned
	call halves
	call elements
	call widening
	call converting
	call packed
	call avx_moves
	call avx_broadcasts
	call avx_packed
	call avx_masked
	call gathers
	vzeroupper
	dec r12
	jnz round
	xor eax, eax
	pop r15
	pop r12
	pop rbx
	ret

mmx:
	movq mm0, [rbx + rcx]
	movd mm1, [rbx + rcx]
	paddb mm0, [rbx + 8]
	punpcklbw mm0, [rbx + 12]
	pshufw mm2, [rbx + 16], 5
	pinsrw mm2, [rbx + 24], 2
	psadbw mm1, [rbx + 32]
	movd [rbx + rcx], mm1
	movq [rbx + rcx], mm0
	movntq [rbx + 40], mm0
	lea rdi, [rbx + 64]
	pcmpgtb mm2, mm1
	maskmovq mm0, mm2
	cvtpi2ps xmm0, [rbx + 48]
	cvtpi2pd xmm0, [rbx + 48]
	cvttps2pi mm0, [rbx + 56]
	cvtpd2pi mm0, [rbx + 64]
	emms
	ret

moves:
	movups xmm0, [rbx + rcx]
	movupd xmm1, [rbx + rcx + 1]
	movdqu xmm2, [rbx + 4090]
	lddqu xmm3, [rbx + rcx * 2]
	movups [rbx + rcx], xmm0
	movupd [rbx + rcx + 3], xmm1
	movdqu [rbx + 4090], xmm2
	ret

aligned:
	movaps xmm0, [rbx]
	movapd xmm1, [rbx + 16]
	movdqa xmm2, [rbx + 32]
	movntdqa xmm3, [rbx + 48]
	movaps [rbx + 64], xmm0
	movapd [rbx + 80], xmm1
	movdqa [rbx + 96], xmm2
	movntps [rbx + 112], xmm0
	movntpd [rbx + 128], xmm1
	movntdq [rbx + 144], xmm2
	ret

halves:
	movss xmm0, [rbx + rcx]
	movsd xmm1, [rbx + rcx]
	movd xmm2, dword ptr [rbx + rcx]
	movq xmm3, qword ptr [rbx + rcx]
	movlps xmm0, [rbx + rcx]
	movhps xmm0, [rbx + rcx]
	movlpd xmm1, [rbx + 93]
	movhpd xmm1, [rbx + 93]
	movddup xmm4, [rbx + rcx]
	movshdup xmm4, [rbx + 16]
	movsldup xmm4, [rbx + 32]
	movss [rbx + rcx], xmm0
	movsd [rbx + rcx], xmm1
	movd dword ptr [rbx + rcx], xmm2
	movq qword ptr [rbx + rcx], xmm3
	movlps [rbx + 93], xmm0
	movhps [rbx + 93], xmm0
	movlpd [rbx + rcx], xmm1
	movhpd [rbx + rcx], xmm1
	ret

elements:
	pinsrb xmm0, [rbx + rcx], 3
	pinsrw xmm0, [rbx + rcx], 3
	pinsrd xmm0, [rbx + rcx], 3
	pinsrq xmm0, [rbx + rcx], 1
	insertps xmm0, [rbx + rcx], 0x10
	pextrb [rbx + rcx], xmm0, 3
	pextrw [rbx + rcx], xmm0, 3
	pextrd [rbx + rcx], xmm0, 3
	pextrq [rbx + rcx], xmm0, 1
	extractps [rbx + rcx], xmm0, 2
	lea rdi, [rbx + rcx]
	movdqu xmm1, [rbx + 1000]
	pxor xmm2, xmm2
	pcmpgtb xmm2, xmm1
	maskmovdqu xmm0, xmm2
	ldmxcsr [rip + control]
	stmxcsr [rbx + 4]
	ret

widening:
	.irp sign, s, z
	pmov\sign\()xbw xmm0, [rbx + rcx]
	pmov\sign\()xbd xmm0, [rbx + rcx]
	pmov\sign\()xbq xmm0, [rbx + rcx]
	pmov\sign\()xwd xmm0, [rbx + rcx]
	pmov\sign\()xwq xmm0, [rbx + rcx]
	pmov\sign\()xdq xmm0, [rbx + rcx]
	.endr
	ret

converting:
	cvtsi2ss xmm0, dword ptr [rbx + rcx]
	cvtsi2ss xmm0, qword ptr [rbx + rcx]
	cvtsi2sd xmm0, dword ptr [rbx + rcx]
	cvtsi2sd xmm0, qword ptr [rbx + rcx]
	cvtss2si eax, [rbx + rcx]
	cvtss2si rax, [rbx + rcx]
	cvttsd2si eax, [rbx + rcx]
	cvttsd2si rax, [rbx + rcx]
	cvtss2sd xmm0, [rbx + rcx]
	cvtsd2ss xmm0, [rbx + rcx]
	cvtps2pd xmm0, [rbx + rcx]
	cvtdq2pd xmm0, [rbx + rcx]
	cvtpd2ps xmm0, [rbx + 16]
	cvtdq2ps xmm0, [rbx + 16]
	cvtps2dq xmm0, [rbx + 16]
	cvttps2dq xmm0, [rbx + 16]
	cvtpd2dq xmm0, [rbx + 16]
	cvttpd2dq xmm0, [rbx + 16]
	ret

packed:
	.irp operation, addps, mulpd, andps, xorpd, unpcklps, unpckhpd, minps, sqrtps, rcpps
	\operation xmm0, [rbx + 32]
	.endr
	.irp operation, paddb, psubq, pmullw, pmuludq, pmaddwd, pcmpeqd, pand, por, pxor, punpcklbw, punpckhqdq, packuswb, psllw, psrad, pshufb, phaddd, palignr_, pmulld, pminud, pcmpgtq, ptest, haddps, addsubpd, pblendvb, aesenc, packusdw
	.ifc \operation, palignr_
	palignr xmm0, [rbx + 48], 3
	.else
	\operation xmm0, [rbx + 48]
	.endif
	.endr
	.irp operation, addss, mulss, sqrtss, ucomiss, comiss, maxss, rcpss
	\operation xmm1, dword ptr [rbx + rcx]
	.endr
	.irp operation, addsd, divsd, sqrtsd, ucomisd, comisd
	\operation xmm1, qword ptr [rbx + rcx]
	.endr
	cmpltps xmm0, [rbx]
	cmpltss xmm0, [rbx + rcx]
	cmpltsd xmm0, [rbx + rcx]
	shufps xmm0, [rbx + 16], 9
	pshufd xmm0, [rbx + 16], 9
	pshuflw xmm0, [rbx + 16], 9
	pshufhw xmm0, [rbx + 16], 9
	roundps xmm0, [rbx + 16], 1
	roundss xmm0, [rbx + rcx], 1
	roundsd xmm0, [rbx + rcx], 1
	blendps xmm0, [rbx + 16], 9
	dpps xmm0, [rbx + 16], 0xff
	mpsadbw xmm0, [rbx + 16], 1
	pclmulqdq xmm0, [rbx + 16], 1
	pcmpistri xmm0, [rbx + rcx], 0
	push rcx
	mov eax, 3
	mov edx, 5
	pcmpestrm xmm0, [rbx + rcx], 0
	pop rcx
	ret

avx_moves:
	.irp width, xmm, ymm
	vmovups \width\()0, [rbx + rcx]
	vmovdqu \width\()1, [rbx + 4091]
	vlddqu \width\()2, [rbx + rcx]
	vmovupd [rbx + rcx], \width\()0
	vmovdqu [rbx + 4091], \width\()1
	vmovaps \width\()3, [rbx + 32]
	vmovdqa \width\()3, [rbx + 64]
	vmovntdqa \width\()3, [rbx + 96]
	vmovaps [rbx + 128], \width\()3
	vmovntdq [rbx + 160], \width\()3
	vmovntps [rbx + 192], \width\()3
	vmovddup \width\()4, [rbx + rcx]
	.endr
	vmovss xmm0, [rbx + rcx]
	vmovsd xmm0, [rbx + rcx]
	vmovss [rbx + rcx], xmm0
	vmovsd [rbx + rcx], xmm0
	vmovd xmm0, dword ptr [rbx + rcx]
	vmovq xmm0, qword ptr [rbx + rcx]
	vmovd dword ptr [rbx + rcx], xmm0
	vmovq qword ptr [rbx + rcx], xmm0
	vmovlps xmm0, xmm1, [rbx + rcx]
	vmovhpd xmm0, xmm1, [rbx + rcx]
	vmovhps [rbx + rcx], xmm0
	vpinsrb xmm0, xmm1, [rbx + rcx], 4
	vpinsrq xmm0, xmm1, [rbx + rcx], 1
	vpextrw [rbx + rcx], xmm0, 3
	vldmxcsr [rip + control]
	vstmxcsr [rbx + 8]
	ret

avx_broadcasts:
	vbroadcastss xmm0, [rbx + rcx]
	vbroadcastss ymm0, [rbx + rcx]
	vbroadcastsd ymm0, [rbx + rcx]
	vbroadcastf128 ymm0, [rbx + rcx]
	vbroadcasti128 ymm0, [rbx + rcx]
	.irp width, xmm, ymm
	vpbroadcastb \width\()1, [rbx + rcx]
	vpbroadcastw \width\()1, [rbx + rcx]
	vpbroadcastd \width\()1, [rbx + rcx]
	vpbroadcastq \width\()1, [rbx + rcx]
	.endr
	vinsertf128 ymm0, ymm1, [rbx + rcx], 1
	vinserti128 ymm0, ymm1, [rbx + rcx], 0
	vextractf128 [rbx + rcx], ymm0, 1
	vextracti128 [rbx + rcx], ymm0, 0
	vperm2f128 ymm0, ymm1, [rbx + rcx], 0x13
	vperm2i128 ymm0, ymm1, [rbx + rcx], 0x31
	vpermq ymm0, [rbx + rcx], 0x1b
	vpermpd ymm0, [rbx + rcx], 0x1b
	vpermd ymm0, ymm1, [rbx + rcx]
	vpermilps ymm0, [rbx + rcx], 0x1b
	vpermilpd ymm0, ymm1, [rbx + rcx]
	.irp sign, s, z
	vpmov\sign\()xbw ymm0, [rbx + rcx]
	vpmov\sign\()xbd ymm0, [rbx + rcx]
	vpmov\sign\()xbq ymm0, [rbx + rcx]
	vpmov\sign\()xwd ymm0, [rbx + rcx]
	vpmov\sign\()xwq ymm0, [rbx + rcx]
	vpmov\sign\()xdq ymm0, [rbx + rcx]
	.endr
	ret

avx_packed:
	.irp width, xmm, ymm
	.irp operation, vaddps, vmulpd, vandps, vpaddb, vpmullw, vpmuludq, vpcmpeqd, vpxor, vpshufb, vphaddd, vpminud, vpackuswb, vunpckhps, vpsllvd, vpsrlvq, vpsravd, vfmadd231ps, vfnmsub132pd
	\operation \width\()0, \width\()1, [rbx + rcx]
	.endr
	vptest \width\()0, [rbx + rcx]
	vtestps \width\()0, [rbx + rcx]
	vsqrtps \width\()0, [rbx + rcx]
	vcvtdq2ps \width\()0, [rbx + rcx]
	vcvtps2pd \width\()0, [rbx + rcx]
	vcvtdq2pd \width\()0, [rbx + rcx]
	vcmpltps \width\()0, \width\()1, [rbx + rcx]
	vshufps \width\()0, \width\()1, [rbx + rcx], 9
	vpshufd \width\()0, [rbx + rcx], 9
	vpblendd \width\()0, \width\()1, [rbx + rcx], 9
	vblendvps \width\()0, \width\()1, [rbx + rcx], \width\()2
	vpalignr \width\()0, \width\()1, [rbx + rcx], 3
	vroundpd \width\()0, [rbx + rcx], 3
	vpsllw \width\()0, \width\()1, [rbx + rcx]
	vpsrlq \width\()0, \width\()1, [rbx + rcx]
	vcvtps2ph [rbx + rcx], \width\()0, 0
	vcvtph2ps \width\()0, [rbx + rcx]
	.endr
	vcvtpd2ps xmm0, ymmword ptr [rbx + rcx]
	vcvttpd2dq xmm0, xmmword ptr [rbx + rcx]
	vaddss xmm0, xmm1, [rbx + rcx]
	vaddsd xmm0, xmm1, [rbx + rcx]
	vfmadd213ss xmm0, xmm1, [rbx + rcx]
	vfmadd213sd xmm0, xmm1, [rbx + rcx]
	vcvtsi2sd xmm0, xmm1, qword ptr [rbx + rcx]
	vucomisd xmm0, [rbx + rcx]
	vcvttss2si rax, [rbx + rcx]
	vpcmpistri xmm0, [rbx + 16], 0
	mov rcx, r15
	shr rcx, 57
	ret

	.macro masked register, mask
	.irp operation, vmaskmovps, vmaskmovpd, vpmaskmovd, vpmaskmovq
	\operation [rbx + rcx], \mask, \register
	.endr
	.endm

# Masks of all kinds, from the random number: none, some and all lanes. Masked
# loads are not here: QEMU reads all lanes, whatever the mask says.
avx_masked:
	vmovq xmm0, r15
	vpmovsxbd ymm1, xmm0
	vpmovsxbq ymm2, xmm0
	vpxor xmm3, xmm3, xmm3
	vpcmpeqd ymm4, ymm4, ymm4
	.irp mask, xmm1, xmm2, xmm3, xmm4
	masked xmm5, \mask
	.endr
	.irp mask, ymm1, ymm2, ymm3, ymm4
	masked ymm5, \mask
	.endr
	lea rdi, [rbx + rcx]
	vmaskmovdqu xmm0, xmm1
	vmaskmovdqu xmm0, xmm3
	ret

gathers:
	vmovdqu ymm7, [rip + indices]
	vmovdqu ymm8, [rip + indices + 32]
	.irp mask, 1, 2, 3, 4
	vmovdqa ymm5, ymm\mask
	vgatherdps xmm6, [rbx + xmm7 * 4], xmm5
	vmovdqa ymm5, ymm\mask
	vgatherdps ymm6, [rbx + ymm7 * 4], ymm5
	vmovdqa ymm5, ymm\mask
	vgatherdpd xmm6, [rbx + xmm7 * 8], xmm5
	vmovdqa ymm5, ymm\mask
	vgatherdpd ymm6, [rbx + xmm7 * 8], ymm5
	vmovdqa ymm5, ymm\mask
	vgatherqps xmm6, [rbx + xmm8 * 4], xmm5
	vmovdqa ymm5, ymm\mask
	vgatherqps xmm6, [rbx + ymm8 * 4], xmm5
	vmovdqa ymm5, ymm\mask
	vgatherqpd xmm6, [rbx + xmm8 * 8], xmm5
	vmovdqa ymm5, ymm\mask
	vgatherqpd ymm6, [rbx + ymm8 * 8], ymm5
	vmovdqa ymm5, ymm\mask
	vpgatherdd ymm6, [rbx + ymm7 * 1 + 3], ymm5
	vmovdqa ymm5, ymm\mask
	vpgatherdq ymm6, [rbx + xmm7 * 2], ymm5
	vmovdqa ymm5, ymm\mask
	vpgatherqd xmm6, [rbx + ymm8 * 4], xmm5
	vmovdqa ymm5, ymm\mask
	vpgatherqq xmm6, [rbx + xmm8 * 8], xmm5
	.endr
	ret

	.data
	.balign 4096
data:
	.skip 4000, 3
	.skip 12384
	.balign 32
indices:
	.long 0, 1, 2, 3, -5, 100, 77, -200
	.quad 3, 4, -100, 300
control:
	.long 0x1f80
	.section .note.GNU-stack, "", @progbits
