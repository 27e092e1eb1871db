// SPDX-License-Identifier: Apache-2.0
//
// The signed message that the benchmarks of signatures and of seals work on.
#pragma once

#include <string>

#include "test/support/signed_mail.h"

namespace icm {

inline constexpr std::string_view bench_line =
    "The quick brown fox jumps over the lazy dog and comes back for its hat.\r\n";

inline const PrivateKey& bench_key() {
  static const PrivateKey made = PrivateKey::generate(KeyType::rsa, 2048).value();
  return made;
}

// Signed with bench_key() for sel._domainkey.shop.example; a body of about `size` octets.
inline MilterMail bench_mail(std::size_t size) {
  MilterMail mail;
  mail.fields = {{"From", " Shop <service@shop.example>"},
                 {"To", " someone@icloud.com"},
                 {"Subject", " Your order 1042 is on its way"},
                 {"Date", " Sat, 21 Nov 2026 08:15:30 +0000"},
                 {"Message-ID", " <0@shop.example>"}};
  while (mail.body.size() + bench_line.size() <= size) mail.body += bench_line;
  mail.fields.insert(mail.fields.begin(),
                     {"DKIM-Signature", dkim_signature(mail, bench_key(), "shop.example", "sel")});
  return mail;
}

}  // namespace icm
