/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a host thread's own stack to the context it runs, and back.
 */
#if !defined(__x86_64__)
#error "lwp: no context switch for this architecture"
#endif

	.text

/* void ulwp_enter(const ucontext_t *): returns when something lands. */
	.globl	ulwp_enter
	.hidden	ulwp_enter
	.type	ulwp_enter, @function
ulwp_enter:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	movq	ulwp_back@gottpoff(%rip), %rax
	movq	%rsp, %fs:(%rax)
	call	setcontext@PLT
	hlt
	.cfi_endproc
	.size	ulwp_enter, .-ulwp_enter

/*
 * The stack it comes on may be one that all threads share, in the word below
 * it: nothing is pushed.
 */
	.globl	ulwp_land
	.hidden	ulwp_land
	.type	ulwp_land, @function
ulwp_land:
	.cfi_startproc
	.cfi_undefined rip
	movq	ulwp_back@gottpoff(%rip), %rax
	movq	%fs:(%rax), %rdi
	testq	%rdi, %rdi
	jz	1f
	movq	%rdi, %rsp
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	/* A thread that ulwp_enter() did not start: as without a uc_link. */
1:	andq	$-16, %rsp
	xorl	%edi, %edi
	call	exit@PLT
	hlt
	.cfi_endproc
	.size	ulwp_land, .-ulwp_land

/* r12: function, r13: its argument, r15: uc_link. */
	.globl	ulwp_begin
	.hidden	ulwp_begin
	.type	ulwp_begin, @function
ulwp_begin:
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%r13, %rdi
	call	*%r12
	movq	%r15, %rdi
	call	ulwp_returned
	hlt
	.cfi_endproc
	.size	ulwp_begin, .-ulwp_begin

	.section .note.GNU-stack, "", @progbits
