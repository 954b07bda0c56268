/* SPDX-License-Identifier: BSD-2-Clause */
/* ifioctl: ioctls about interfaces that any socket has: SIOCGIF*, SIOCSIF*. */
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>

#include "lwproc/proc.h"
#include "rumpkern/copy.h"
#include "rumpnet/ifioctl.h"
#include "rumpnet/inet.h"

bool
ifioctl_super(void)
{
	return cred_issuper(&curlwp()->l_proc->p_cred);
}

/* All IPv4 addresses, as many as fit; without a buffer, how many bytes. */
static int
get_conf(struct ifconf *uarg)
{
	struct ifconf ic;
	struct ifreq ifr;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct ifaddr ia;
	struct netif nif;
	uint32_t n;
	int len = 0;

	if (copyin(uarg, &ic, sizeof(ic)) != 0)
		return EFAULT;
	for (n = 0; ifaddr_get(n, AF_INET, &ia, &nif); n++) {
		memset(&ifr, 0, sizeof(ifr));
		memcpy(ifr.ifr_name, ia.ia_label, IFNAMSIZ);
		memcpy(&sin.sin_addr, &ia.ia_local.s6_addr[12], 4);
		memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
		if (ic.ifc_buf != NULL) {
			if (ic.ifc_len < len + (int)sizeof(ifr))
				break;
			if (copyout(&ifr, ic.ifc_buf + len, sizeof(ifr)) != 0)
				return EFAULT;
		}
		len += (int)sizeof(ifr);
	}
	ic.ifc_len = len;
	return copyout(&ic, uarg, sizeof(ic));
}

static int
get_name(struct ifreq *uarg)
{
	struct ifreq ifr;
	struct netif nif;

	if (copyin(uarg, &ifr, sizeof(ifr)) != 0)
		return EFAULT;
	if (!ifnet_get((uint32_t)ifr.ifr_ifindex, &nif) ||
	    nif.if_index != (uint32_t)ifr.ifr_ifindex)
		return ENODEV;
	memcpy(ifr.ifr_name, nif.if_name, IFNAMSIZ);
	return copyout(&ifr, uarg, sizeof(ifr));
}

/* An alias, eth0:1, is its interface here. */
static void
cut_alias(char *name)
{
	char *colon = memchr(name, ':', IFNAMSIZ);

	name[IFNAMSIZ - 1] = '\0';
	if (colon != NULL)
		*colon = '\0';
}

static int
ethtool(const struct ifreq *ifr)
{
	struct ethtool_drvinfo di = { .cmd = ETHTOOL_GDRVINFO };
	uint32_t cmd;

	if (copyin(ifr->ifr_data, &cmd, sizeof(cmd)) != 0)
		return EFAULT;
	if (cmd != ETHTOOL_GDRVINFO)
		return EOPNOTSUPP;
	memcpy(di.driver, "dummy", sizeof("dummy"));
	return copyout(&di, ifr->ifr_data, sizeof(di));
}

/* ns_rtnl held. */
static int
get_one(unsigned long cmd, const struct netif *nif, struct ifreq *ifr)
{
	struct ifmap map = { .mem_start = 0 };

	switch (cmd) {
	case SIOCGIFFLAGS:
		ifr->ifr_flags = (short)ifnet_flags(nif);
		return 0;
	case SIOCGIFINDEX:
		ifr->ifr_ifindex = (int)nif->if_index;
		return 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = (int)nif->if_mtu;
		return 0;
	case SIOCGIFMETRIC:
		ifr->ifr_metric = 0;
		return 0;
	case SIOCGIFTXQLEN:
		ifr->ifr_qlen = (int)nif->if_txqlen;
		return 0;
	case SIOCGIFMAP:
		ifr->ifr_map = map;
		return 0;
	case SIOCGIFHWADDR:
		memcpy(ifr->ifr_hwaddr.sa_data, nif->if_mac, 8);
		ifr->ifr_hwaddr.sa_family = nif->if_kind == IF_LOOPBACK ?
		    ARPHRD_LOOPBACK :
		    ARPHRD_ETHER;
		return 0;
	case SIOCGIFSLAVE:
		return EINVAL;
	default:
		return EOPNOTSUPP;
	}
}

static int
set_one(unsigned long cmd, struct netif *nif, struct ifreq *ifr)
{
	int error = 0;

	switch (cmd) {
	case SIOCSIFFLAGS:
		return ifnet_setflags(nif,
		    (nif->if_flags & ~0xffffU) | (uint16_t)ifr->ifr_flags,
		    NULL);
	case SIOCSIFMTU:
		if (ifr->ifr_mtu < 0)
			return EINVAL;
		error = ifnet_setmtu(nif, (uint32_t)ifr->ifr_mtu);
		break;
	case SIOCSIFTXQLEN:
		if (ifr->ifr_qlen < 0)
			return EINVAL;
		ifnet_setword(&nif->if_txqlen, (uint32_t)ifr->ifr_qlen);
		break;
	case SIOCSIFNAME:
		ifr->ifr_newname[IFNAMSIZ - 1] = '\0';
		error = ifnet_rename(nif, ifr->ifr_newname);
		break;
	case SIOCSIFHWADDR:
		if (nif->if_kind == IF_DUMMY &&
		    ifr->ifr_hwaddr.sa_family != ARPHRD_ETHER)
			return EINVAL;
		error = ifnet_setmac(nif,
		    (const uint8_t *)ifr->ifr_hwaddr.sa_data);
		break;
	case SIOCSIFMETRIC:
	default:
		return EOPNOTSUPP;
	}
	if (error == 0)
		ifnet_tell(nif, RTM_NEWLINK, NULL);
	return error;
}

static bool
is_set(unsigned long cmd)
{
	return cmd == SIOCSIFFLAGS || cmd == SIOCSIFMTU ||
	    cmd == SIOCSIFTXQLEN || cmd == SIOCSIFNAME ||
	    cmd == SIOCSIFHWADDR || cmd == SIOCSIFMETRIC;
}

static bool
is_get(unsigned long cmd)
{
	return cmd == SIOCGIFFLAGS || cmd == SIOCGIFINDEX ||
	    cmd == SIOCGIFMTU || cmd == SIOCGIFMETRIC || cmd == SIOCGIFTXQLEN ||
	    cmd == SIOCGIFMAP || cmd == SIOCGIFHWADDR || cmd == SIOCGIFSLAVE ||
	    cmd == SIOCGMIIPHY || cmd == SIOCGIFBR || cmd == SIOCGMIIREG ||
	    cmd == SIOCETHTOOL;
}

/* One that names an interface. */
static int
about_one(unsigned long cmd, struct ifreq *uarg)
{
	struct netif *nif;
	struct ifreq ifr;
	int error;

	if (copyin(uarg, &ifr, sizeof(ifr)) != 0)
		return EFAULT;
	cut_alias(ifr.ifr_name);
	if (is_set(cmd) && !ifioctl_super())
		return EPERM;
	rtnl_enter();
	nif = ifnet_byname(ifr.ifr_name);
	if (nif == NULL)
		error = ENODEV;
	else if (is_set(cmd))
		error = set_one(cmd, nif, &ifr);
	else
		error = cmd == SIOCETHTOOL ? 0 : get_one(cmd, nif, &ifr);
	rtnl_exit();
	if (error != 0 || is_set(cmd))
		return error;
	if (cmd == SIOCETHTOOL)
		return ethtool(&ifr);
	return copyout(&ifr.ifr_ifru, &uarg->ifr_ifru, sizeof(ifr.ifr_ifru));
}

int
ifnet_ioctl(int family, unsigned long cmd, void *uarg)
{
	int error = ENOTTY;

	if (family == AF_INET)
		error = ifioctl_inet(cmd, uarg);
	else if (family == AF_INET6)
		error = ifioctl_inet6(cmd, uarg);
	if (error != ENOTTY)
		return error;
	if (cmd == SIOCGIFCONF)
		return get_conf(uarg);
	if (cmd == SIOCGIFNAME)
		return get_name(uarg);
	if (is_get(cmd) || is_set(cmd))
		return about_one(cmd, uarg);
	return ENOTTY;
}
