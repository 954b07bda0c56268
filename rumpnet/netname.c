/* SPDX-License-Identifier: BSD-2-Clause */
/* netname: addresses as programs give and get them. */
#include "rumpnet/sock.h"

int
netname_in(struct netname *nn, const void *uaddr, uint32_t len)
{
	nn->nn_len = len;
	if (len > sizeof(nn->nn_raw))
		return EINVAL;
	memset(nn->nn_raw, 0, sizeof(nn->nn_raw));
	return len == 0 ? 0 : copyin(uaddr, nn->nn_raw, len);
}

/* As much as fits; *ulen becomes the whole length. */
int
netname_out(const struct netname *nn, void *uaddr, void *ulen)
{
	int32_t len;

	if (copyin(ulen, &len, sizeof(len)) != 0)
		return EFAULT;
	if (len < 0)
		return EINVAL;
	if (copyout(nn->nn_raw, uaddr, kmin((uint32_t)len, nn->nn_len)) != 0)
		return EFAULT;
	len = nn->nn_len;
	return copyout(&len, ulen, sizeof(len));
}
