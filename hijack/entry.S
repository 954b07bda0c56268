/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slots of the stubs, and what they call.
 *
 * A rewritten site jumps to its slot with the program's registers and stack.
 * rcx, r11 and the flags are free, as the syscall instruction spoils the
 * first two and no compiler keeps the third across one.  rax is the number,
 * then the result.  All else is the program's, and so are the 128 bytes
 * below its stack pointer.
 *
 *	slot:	number -> hj_route[number] == 0: syscall, compare, resume
 *		else: hj_entry, which tells by the flags what is next:
 *		  ZF	done, rax is the result
 *		  CF	syscall as above
 *		  none	the syscall at r11, then hj_post_entry
 *
 * A syscall in a slot has nothing of ours on the stack or in a register, so
 * it may return on another stack (clone), twice on one (vfork), or not at
 * all.  What tells hj_post the number is which of five syscalls ran.
 */

#if defined(__x86_64__) && defined(__LP64__)

#include "hijack/stub.h"

#define HJ_DONE		1
#define HJ_HOST_POST	2

/* DWARF register numbers */
#define DW_RIP		16
#define DW_R11		11

	.text
	.hidden	hj_route, hj_site, hj_dispatch, hj_post
	.hidden	hj_stubs, hj_stubs_end, hj_call_kernel

/* --- The slots ----------------------------------------------------------- */

/*
 * Slot number n.  What its site was is in hj_site[n] (stub.h): a mov of a
 * number to %eax before the syscall, or a compare of the result after it.
 */
	.macro	hj_slot n
	.p2align 7
.Lslot\n:
	.if	\n >= HJ_STUB_MOV0
	movl	hj_site + 16 * \n + 8(%rip), %eax
	.endif
	movl	%eax, %ecx
	cmpl	$HJ_NROUTE - 1, %ecx
	ja	.Lhost\n
	leaq	hj_route(%rip), %r11
	cmpb	$0, (%r11,%rcx)
	jne	.Lslow\n
.Lhost\n:
	syscall
.Ldone\n:
	.if	\n < HJ_STUB_CMP640
	cmpl	hj_site + 16 * \n + 8(%rip), %eax
	.elseif	\n < HJ_STUB_MOV0
	cmpq	hj_site + 16 * \n + 8(%rip), %rax
	.endif
	jmpq	*hj_site + 16 * \n(%rip)
.Lslow\n:
	leaq	-128(%rsp), %rsp
	.cfi_def_cfa_offset 128
	.org	.Lslot\n + HJ_STUB_SLOW - 5, 0x90
	call	hj_entry		/* raises rsp again */
	.cfi_def_cfa_offset 0
	je	.Ldone\n
	jc	.Lhost\n
	jmpq	*%r11
	.org	.Lslot\n + HJ_STUB_POST, 0x90
	.irp	nr, 56, 57, 58, 435	/* clone fork vfork clone3 */
	syscall
	.byte	0xb9			/* mov $nr,%ecx */
	.long	\nr
	jmp	.Lpost\n
	.endr
	syscall				/* any other */
	.if	\n >= HJ_STUB_MOV0
	movl	hj_site + 16 * \n + 8(%rip), %ecx
	.else
	movl	$-1, %ecx
	.endif
.Lpost\n:
	leaq	.Ldone\n(%rip), %r11
	jmp	hj_post_entry
	.org	.Lslot\n + HJ_STUB_SITE, 0x90
	.quad	hj_site + 16 * \n - .Lslot\n
	.endm

/*
 * To an unwinder a slot is a frame without a stack: same stack pointer, same
 * registers, and the return address in hj_site[n], which is as far from the
 * slot as the slot's last eight bytes say:
 *	val_expression(rip): breg16 0, const1s -128, and, dup, plus 120, deref,
 *		plus, deref
 * One FDE for 16 slots keeps both the table and the walk short.
 */
	.macro	hj_slot16 n
	.cfi_startproc
	.cfi_def_cfa_offset 0
	.cfi_escape 0x16, DW_RIP, 11, 0x80, 0, 0x09, 0x80, 0x1a, 0x12, 0x23, \
	    HJ_STUB_SITE, 0x06, 0x22, 0x06
	.set	hj_slotno, \n
	.rept	16
	hj_slot	%hj_slotno
	.set	hj_slotno, hj_slotno + 1
	.endr
	.p2align 7
	.cfi_endproc
	.endm

	.globl	hj_stubs
	.type	hj_stubs, @function
	.p2align 12
hj_stubs:
	.altmacro
	.set	hj_slotno, 0
	.rept	HJ_STUB_MAX / 16
	hj_slot16 %hj_slotno
	.endr
	.noaltmacro
	.size	hj_stubs, . - hj_stubs
	.p2align 12

/* --- From a slot to hj_dispatch ------------------------------------------ */

/*
 * In:	0(%rsp) the slot's address HJ_STUB_SLOW; 8(%rsp) the program's red
 *	zone; 136(%rsp) its stack; rcx the number.
 * Frame, from rsp up: struct hj_frame, the six argument registers again,
 * rbp's old value at 0(%rbp).
 */
#define ORIG(n)		HF_SIZE + 8 * (n)(%rsp)
#define ARG(n)		HF_ARGS + 8 * (n)(%rsp)

	.p2align 5
	.type	hj_entry, @function
hj_entry:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	subq	$HF_SIZE + 48, %rsp
	andq	$-16, %rsp
	movq	8(%rbp), %r11
	movq	%rcx, HF_NR(%rsp)
	movq	HJ_STUB_SITE - HJ_STUB_SLOW(%r11), %rcx
	movq	-HJ_STUB_SLOW(%r11,%rcx), %r11
	leaq	144(%rbp), %rcx
	movq	%r11, HF_IP(%rsp)
	movq	%rcx, HF_SP(%rsp)
	movq	%rdi, ARG(0)
	movq	%rsi, ARG(1)
	movq	%rdx, ARG(2)
	movq	%r10, ARG(3)
	movq	%r8, ARG(4)
	movq	%r9, ARG(5)
	movq	%rdi, ORIG(0)
	movq	%rsi, ORIG(1)
	movq	%rdx, ORIG(2)
	movq	%r10, ORIG(3)
	movq	%r8, ORIG(4)
	movq	%r9, ORIG(5)
	movq	%rsp, %rdi
	call	hj_dispatch
	cmpl	$HJ_DONE, %eax
	jne	.Lto_host
	movq	HF_RET(%rsp), %rax
.Lentry_done:
	movq	ORIG(0), %rdi
	movq	ORIG(1), %rsi
	movq	ORIG(2), %rdx
	movq	ORIG(3), %r10
	movq	ORIG(4), %r8
	movq	ORIG(5), %r9
	xorl	%ecx, %ecx		/* ZF */
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	ret	$128
	.cfi_restore_state

.Lto_host:
	movl	%eax, %r11d
	movq	HF_NR(%rsp), %rax
	movq	ARG(0), %rdi
	movq	ARG(1), %rsi
	movq	ARG(2), %rdx
	movq	ARG(3), %r10
	movq	ARG(4), %r8
	movq	ARG(5), %r9
	cmpl	$HJ_HOST_POST, %r11d
	je	.Lto_host_post
	/* These may come back elsewhere: never from here. */
	cmpl	$56, %eax
	je	.Lto_slot
	cmpl	$58, %eax
	je	.Lto_slot
	cmpl	$435, %eax
	je	.Lto_slot
	/* Arguments that were changed must change back: call from here. */
	cmpq	%rdi, ORIG(0)
	jne	.Lhere
	cmpq	%rsi, ORIG(1)
	jne	.Lhere
	cmpq	%rdx, ORIG(2)
	jne	.Lhere
	cmpq	%r10, ORIG(3)
	jne	.Lhere
	cmpq	%r8, ORIG(4)
	jne	.Lhere
	cmpq	%r9, ORIG(5)
	jne	.Lhere
.Lto_slot:
	xorl	%ecx, %ecx
	cmpl	$1, %ecx		/* CF, not ZF */
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	ret	$128
	.cfi_restore_state
.Lhere:
	syscall
	jmp	.Lentry_done

.Lto_host_post:
	xorl	%ecx, %ecx
	cmpl	$56, %eax
	je	1f
	incl	%ecx
	cmpl	$57, %eax
	je	1f
	incl	%ecx
	cmpl	$58, %eax
	je	1f
	incl	%ecx
	cmpl	$435, %eax
	je	1f
	incl	%ecx
1:
	leaq	(%rcx,%rcx,8), %r11	/* HJ_STUB_POSTLEN */
	addq	8(%rbp), %r11
	addq	$HJ_STUB_POST - HJ_STUB_SLOW, %r11
	orl	$1, %ecx		/* neither ZF nor CF */
	leave
	.cfi_def_cfa %rsp, 8
	ret	$128
	.cfi_endproc
	.size	hj_entry, . - hj_entry
	.globl	hj_stubs_end
hj_stubs_end:

/* --- After a system call that wanted hj_post ----------------------------- */

/* In: rax the result, ecx the number, r11 where to go on, rsp the program's. */
	.p2align 4
	.type	hj_post_entry, @function
hj_post_entry:
	.cfi_startproc
	.cfi_def_cfa_offset 0
	.cfi_register DW_RIP, DW_R11
	leaq	-128(%rsp), %rsp
	.cfi_def_cfa_offset 128
	pushq	%rbp
	.cfi_def_cfa_offset 136
	.cfi_offset %rbp, -136
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	pushq	%r11
	.cfi_offset DW_RIP, -144
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%r10
	pushq	%r8
	pushq	%r9
	andq	$-16, %rsp
	movq	%rax, %rdi
	movslq	%ecx, %rsi
	call	hj_post
	movq	-8(%rbp), %r11
	movq	-16(%rbp), %rdi
	movq	-24(%rbp), %rsi
	movq	-32(%rbp), %rdx
	movq	-40(%rbp), %r10
	movq	-48(%rbp), %r8
	movq	-56(%rbp), %r9
	leave
	.cfi_def_cfa %rsp, 128
	.cfi_register DW_RIP, DW_R11
	leaq	128(%rsp), %rsp
	.cfi_def_cfa_offset 0
	jmpq	*%r11
	.cfi_endproc
	.size	hj_post_entry, . - hj_post_entry

/* --- Into the kernel ------------------------------------------------------ */

/* long hj_call_kernel(long (*fn)(void *), void *arg) */
	.globl	hj_call_kernel
	.type	hj_call_kernel, @function
	.p2align 5
hj_call_kernel:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	subq	$256, %rsp
	andq	$-16, %rsp
	movaps	%xmm0, 0(%rsp)
	movaps	%xmm1, 16(%rsp)
	movaps	%xmm2, 32(%rsp)
	movaps	%xmm3, 48(%rsp)
	movaps	%xmm4, 64(%rsp)
	movaps	%xmm5, 80(%rsp)
	movaps	%xmm6, 96(%rsp)
	movaps	%xmm7, 112(%rsp)
	movaps	%xmm8, 128(%rsp)
	movaps	%xmm9, 144(%rsp)
	movaps	%xmm10, 160(%rsp)
	movaps	%xmm11, 176(%rsp)
	movaps	%xmm12, 192(%rsp)
	movaps	%xmm13, 208(%rsp)
	movaps	%xmm14, 224(%rsp)
	movaps	%xmm15, 240(%rsp)
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	movaps	0(%rsp), %xmm0
	movaps	16(%rsp), %xmm1
	movaps	32(%rsp), %xmm2
	movaps	48(%rsp), %xmm3
	movaps	64(%rsp), %xmm4
	movaps	80(%rsp), %xmm5
	movaps	96(%rsp), %xmm6
	movaps	112(%rsp), %xmm7
	movaps	128(%rsp), %xmm8
	movaps	144(%rsp), %xmm9
	movaps	160(%rsp), %xmm10
	movaps	176(%rsp), %xmm11
	movaps	192(%rsp), %xmm12
	movaps	208(%rsp), %xmm13
	movaps	224(%rsp), %xmm14
	movaps	240(%rsp), %xmm15
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	hj_call_kernel, . - hj_call_kernel

#endif /* __x86_64__ */

	.section .note.GNU-stack,"",@progbits
