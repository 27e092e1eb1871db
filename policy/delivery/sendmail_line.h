// SPDX-License-Identifier: Apache-2.0
//
// Sendmail's lines of a delivery:
// "QID: to=<a@icloud.com>, ctladdr=<b@x> (8/12), delay=00:00:01, xdelay=00:00:01, mailer=esmtp,
//  pri=30297, relay=mx01.mail.icloud.com. [17.57.155.25], dsn=5.1.1, reply=550 5.1.1 words,
//  stat=User unknown"
#pragma once

#include <optional>
#include <string_view>

#include "policy/delivery/delivery_line.h"

namespace icm {

bool is_sendmail(std::string_view program);

std::optional<DeliveryLine> parse_sendmail_line(std::string_view message);

}  // namespace icm
