// SPDX-License-Identifier: Apache-2.0
//
// SPF asked of a zone at hand.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "policy/auth/spf.h"
#include "policy/dns/zone_resolver.h"

namespace icm {

inline SpfResult spf_of(std::string_view zone, std::string_view client, std::string mail_from,
                        std::string helo = "mail.example.org") {
  auto resolver = ZoneResolver::parse(zone);
  if (!resolver) throw std::runtime_error(resolver.error().text);
  return check_spf({.client = *IpAddress::parse(client),
                    .helo = std::move(helo),
                    .mail_from = std::move(mail_from)},
                   *resolver, Deadline::in(std::chrono::seconds{60}));
}

// A zone in which e.example publishes this record, beside `more`: names with their records.
inline std::string zone_with(std::string_view record, std::string_view more = {}) {
  return fmt::format(R"({{"e.example": {{"TXT": ["{}"]}}{}{}}})", record, more.empty() ? "" : ", ",
                     more);
}

}  // namespace icm
