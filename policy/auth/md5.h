// SPDX-License-Identifier: Apache-2.0
//
// MD5, for lists of addresses that others hash with it, and for nothing else: it is broken.
#pragma once

#include <string>
#include <string_view>

namespace icm {

// 16 octets; none where OpenSSL does not offer it (FIPS 140). Part of crypto.cc.
std::string md5(std::string_view octets);

}  // namespace icm
