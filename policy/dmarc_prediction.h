// SPDX-License-Identifier: Apache-2.0
//
// What a DMARC verdict makes Apple do with a message.
#pragma once

#include <string>
#include <string_view>

#include "policy/auth/dmarc.h"

namespace icm {

// The reply, or the junk folder; empty when nothing. `author` is the domain of From.
std::string dmarc_prediction(const DmarcVerdict& verdict, std::string_view author);

}  // namespace icm
