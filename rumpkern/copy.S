/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies that survive faults.  Small ones run on plain registers; when they
 * fault they begin again with rep movsb, whose registers tell exactly how far
 * it came.  kcopy_fixups says where a fault goes on.
 */
#if defined(__x86_64__)

#define FIXUP(b, e, f)	9: .long b - 9b, e - 9b, f - 9b
#define FUNC(n)		.globl n; .hidden n; .type n, @function; .balign 16; n
#define END(n)		.size n, . - n

	.text

/* size_t kcopy(void *to, const void *from, size_t len) */
FUNC(kcopy):
	cmp	$16, %rdx
	ja	.Lbig
	cmp	$8, %edx
	jae	.L8
	cmp	$4, %edx
	jae	.L4
	test	%edx, %edx
	je	.Lnone
.Lsmall:
	movzbl	(%rsi), %eax
	movzbl	-1(%rsi, %rdx), %ecx
	movb	%cl, -1(%rdi, %rdx)
	cmp	$3, %edx
	jne	1f
	movzbl	1(%rsi), %ecx
	movb	%cl, 1(%rdi)
1:	movb	%al, (%rdi)
.Lnone:
	xor	%eax, %eax
	ret
.L8:	mov	(%rsi), %rax
	mov	-8(%rsi, %rdx), %rcx
	mov	%rax, (%rdi)
	mov	%rcx, -8(%rdi, %rdx)
	xor	%eax, %eax
	ret
.L4:	mov	(%rsi), %eax
	mov	-4(%rsi, %rdx), %ecx
	mov	%eax, (%rdi)
	mov	%ecx, -4(%rdi, %rdx)
	xor	%eax, %eax
	ret
.Lbig:	cmp	$256, %rdx
	ja	.Lrep0
	/* 17 to 256: 16-byte steps, the last one overlapping */
	lea	-16(%rdx), %rcx
	xor	%eax, %eax
2:	mov	(%rsi, %rax), %r8
	mov	8(%rsi, %rax), %r9
	mov	%r8, (%rdi, %rax)
	mov	%r9, 8(%rdi, %rax)
	add	$16, %rax
	cmp	%rcx, %rax
	jb	2b
	mov	(%rsi, %rcx), %r8
	mov	8(%rsi, %rcx), %r9
	mov	%r8, (%rdi, %rcx)
	mov	%r9, 8(%rdi, %rcx)
	xor	%eax, %eax
	ret
.Lsmallend:
.Lrep0:	mov	%rdx, %rcx
.Lrep:	rep movsb
.Lrepend:
	mov	%rcx, %rax
	ret
	END(kcopy)

/* size_t kzero(void *to, size_t len) */
FUNC(kzero):
	xor	%eax, %eax
	lea	-16(%rsi), %rcx
	cmp	$256 - 16, %rcx
	ja	.Lzero0
	/* 16 to 256, likewise */
	xor	%edx, %edx
.Lzsmall:
5:	mov	%rax, (%rdi, %rdx)
	mov	%rax, 8(%rdi, %rdx)
	add	$16, %rdx
	cmp	%rcx, %rdx
	jb	5b
	mov	%rax, (%rdi, %rcx)
	mov	%rax, 8(%rdi, %rcx)
	ret
.Lzsmallend:
.Lzero0:
	mov	%rsi, %rcx
.Lzero:	rep stosb
.Lzeroend:
	mov	%rcx, %rax
	ret
	END(kzero)

/*
 * long kcopystr(char *to, const void *from, size_t max): `to' has room for
 * eight bytes more than max.
 */
FUNC(kcopystr):
	mov	%rdx, %r10
	movabs	$0x0101010101010101, %r8
	movabs	$0x8080808080808080, %r9
3:	test	%r10, %r10
	jle	.Ltoolong
.Lword:	mov	(%rsi), %rax
.Lwordend:
	mov	%rax, (%rdi)
	mov	%rax, %rcx
	sub	%r8, %rax
	not	%rcx
	and	%rcx, %rax
	and	%r9, %rax
	jne	4f
	add	$8, %rsi
	add	$8, %rdi
	sub	$8, %r10
	jmp	3b
4:	bsf	%rax, %rax
	shr	$3, %eax
	sub	%r10, %rdx
	lea	1(%rdx, %rax), %rax
	/* the word may reach past max */
	add	%rdx, %r10
	cmp	%r10, %rax
	ja	.Ltoolong
	ret
	/* near an edge of the program's memory: byte by byte */
.Lbytes:
	test	%r10, %r10
	jle	.Ltoolong
.Lbyte:	movzbl	(%rsi), %eax
.Lbyteend:
	mov	%al, (%rdi)
	inc	%rsi
	inc	%rdi
	dec	%r10
	test	%al, %al
	jne	.Lbytes
	mov	%rdx, %rax
	sub	%r10, %rax
	ret
.Ltoolong:
	xor	%eax, %eax
	ret
.Lstrfault:
	mov	$-1, %rax
	ret
	END(kcopystr)

	.section .rodata
	.balign	4
	.globl	kcopy_fixups
	.hidden	kcopy_fixups
kcopy_fixups:
	FIXUP(.Lsmall, .Lsmallend, .Lrep0)
	FIXUP(.Lrep, .Lrepend, .Lrepend)
	FIXUP(.Lzsmall, .Lzsmallend, .Lzero0)
	FIXUP(.Lzero, .Lzeroend, .Lzeroend)
	FIXUP(.Lword, .Lwordend, .Lbytes)
	FIXUP(.Lbyte, .Lbyteend, .Lstrfault)
	.globl	kcopy_fixups_end
	.hidden	kcopy_fixups_end
kcopy_fixups_end:

#elif defined(__aarch64__)
#error "copy.S: the aarch64 copies are still to be written"
#endif

	.section .note.GNU-stack, "", %progbits
