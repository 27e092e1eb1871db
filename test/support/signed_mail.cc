// SPDX-License-Identifier: Apache-2.0
#include "test/support/signed_mail.h"

#include <stdexcept>

#include <fmt/format.h>

#include "policy/auth/signature.h"

namespace icm {

std::string dkim_signature(const MilterMail& mail, const PrivateKey& key, const std::string& domain,
                           const std::string& selector) {
  HeaderList headers;
  for (const auto& [name, value] : mail.fields) headers.add(name, value);
  BodyHashes hashes;
  const std::size_t ticket = hashes.want(Canonicalization::relaxed, std::nullopt);
  hashes.feed(mail.body);
  hashes.finish();
  const std::string unsigned_value = fmt::format(
      " v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={}; h=from:from:to:subject:date; bh={}; b=",
      domain, selector, to_base64(octets_of(hashes.digest(ticket))));
  // Something has to stand there for the tags to be read; it is no part of what is signed.
  const auto tags = parse_signature(unsigned_value + "AAAA", SignatureKind::dkim);
  if (!tags) throw std::runtime_error(tags.error().text);
  const HeaderField own{"DKIM-Signature", unsigned_value};
  return unsigned_value + to_base64(key.sign(hash_header(headers, *tags, own)).value());
}

std::string dkim_record(const PrivateKey& key) {
  return "v=DKIM1; k=rsa; p=" + to_base64(key.public_octets());
}

}  // namespace icm
