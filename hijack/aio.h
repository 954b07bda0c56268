/* SPDX-License-Identifier: BSD-2-Clause */
/* aio: io_submit() and its kin, over descriptors of both kernels. */
#ifndef HIJACK_AIO_H
#define HIJACK_AIO_H

#include "hijack/hijack.h"

#define HJ_AIO_WAITS \
__NR_io_getevents:   \
	case __NR_io_pgetevents

long hj_sys_io_setup(struct hj_frame *);
long hj_sys_io_destroy(struct hj_frame *);
long hj_sys_io_submit(struct hj_frame *);
long hj_sys_io_cancel(struct hj_frame *);
/* Outside of the kernel: io_getevents() and io_pgetevents(). */
long hj_aio_wait(struct hj_frame *);

#endif
