#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Make configure from a fresh checkout.
set -e
cd "$(dirname "$0")"
exec autoreconf -fi
