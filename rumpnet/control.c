/* SPDX-License-Identifier: BSD-2-Clause */
/* control: see control.h. */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/control.h"

int
control_next(const struct sockmsg *sm, struct cmsghdr **cp)
{
	size_t at = 0;
	struct cmsghdr *c = *cp;

	if (c != NULL)
		at = (size_t)((char *)c - sm->sm_ctl) + CMSG_ALIGN(c->cmsg_len);
	*cp = NULL;
	if (at > sm->sm_ctllen || sm->sm_ctllen - at < sizeof(*c))
		return 0;
	c = (struct cmsghdr *)(void *)(sm->sm_ctl + at);
	if (c->cmsg_len < sizeof(*c) || c->cmsg_len > sm->sm_ctllen - at)
		return EINVAL;
	*cp = c;
	return 0;
}

int
control_check(const struct sockmsg *sm)
{
	struct cmsghdr *c = NULL;
	int error;

	while ((error = control_next(sm, &c)) == 0 && c != NULL)
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type != SCM_RIGHTS &&
		    c->cmsg_type != SCM_CREDENTIALS)
			return EINVAL;
	return error;
}

void
control_put(struct sockmsg *sm, int level, int type, const void *data,
    size_t len)
{
	struct cmsghdr c = { .cmsg_level = level, .cmsg_type = type };
	size_t n = CMSG_LEN(len);

	if (sm->sm_ctl == NULL || sm->sm_ctllen < sizeof(c)) {
		sm->sm_outflags |= MSG_CTRUNC;
		return;
	}
	if (sm->sm_ctllen < n) {
		sm->sm_outflags |= MSG_CTRUNC;
		n = sm->sm_ctllen;
	}
	c.cmsg_len = n;
	if (copyout(&c, sm->sm_ctl, sizeof(c)) != 0 ||
	    copyout(data, sm->sm_ctl + sizeof(c), n - sizeof(c)) != 0)
		return;
	n = kmin(CMSG_SPACE(len), sm->sm_ctllen);
	sm->sm_ctl += n;
	sm->sm_ctllen -= n;
}

int
control_import(struct sockmsg *sm, const void *uctl, size_t len)
{
	char *ctl;

	if (len == 0)
		return 0;
	if (len > CONTROL_MAX)
		return ENOBUFS;
	ctl = kmem_alloc(len);
	if (ctl == NULL)
		return ENOBUFS;
	if (copyin(uctl, ctl, len) != 0) {
		kmem_free(ctl);
		return EFAULT;
	}
	sm->sm_ctl = ctl;
	sm->sm_ctllen = len;
	return 0;
}

void
control_done(struct sockmsg *sm)
{
	if (sm->sm_ctl != NULL)
		kmem_free(sm->sm_ctl);
	sm->sm_ctl = NULL;
}
