// SPDX-License-Identifier: Apache-2.0
//
// One ARC set whose tags a test writes itself, with true signatures over them, so that nothing but
// the tag at hand decides.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "policy/auth/arc_chain.h"
#include "policy/auth/arc_seal.h"
#include "policy/dns/zone_resolver.h"
#include "test/support/mail_text.h"

namespace icm {

inline const PrivateKey& arc_key() {
  static const PrivateKey made = *PrivateKey::generate(KeyType::rsa, 2048);
  return made;
}

// "@bh@" becomes the hash of the body in simple form, "@relaxed@" in relaxed form, "@b@" the
// signature.
struct ArcTexts {
  std::string results = " i=1; x.example; spf=pass";
  std::string message =
      " i=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s; h=from:to; bh=@relaxed@; b=@b@";
  std::string seal = " i=1; a=rsa-sha256; cv=none; d=example.org; s=s; b=@b@";
};

inline constexpr std::string_view arc_plain = R"(From:  John <a@d1.example>
To: arc@dmarc.example
Subject: Example 1

Hey  gang,
This is a test message.

)";

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

inline std::string body_hash_of(std::string_view body, Canonicalization form) {
  Sha256 hash;
  BodyCanonicalizer canonicalizer(form, [&](std::string_view octets) { hash.update(octets); });
  canonicalizer.feed(body);
  canonicalizer.finish();
  return to_base64(octets_of(hash.finish()));
}

// The message with the set on top; what cannot be read is left with a signature of one octet.
inline MailText with_texts(ArcTexts texts, const PrivateKey& key = arc_key(),
                           std::string_view plain = arc_plain) {
  const MailText mail = mail_text(plain);
  texts.message =
      replaced(texts.message, "@bh@", body_hash_of(mail.body, Canonicalization::simple));
  texts.message =
      replaced(texts.message, "@relaxed@", body_hash_of(mail.body, Canonicalization::relaxed));
  HeaderList below;
  below.add(arc_results_field, texts.results);
  for (std::size_t i = 0; i < mail.headers.size(); ++i)
    below.add(mail.headers[i].name, mail.headers[i].value);
  const std::string readable = replaced(texts.message, "@b@", "AA==");
  std::string signature = "AA==";
  if (const auto tags = parse_signature(readable, SignatureKind::arc_message))
    signature = to_base64(*key.sign(hash_header(below, *tags, {arc_message_field, readable})));
  texts.message = replaced(texts.message, "@b@", signature);

  std::string scope;
  const auto relaxed = Canonicalization::relaxed;
  append_canonical_header(scope, {arc_results_field, texts.results}, relaxed);
  append_canonical_header(scope, {arc_message_field, texts.message}, relaxed);
  const std::string bare = without_signature(replaced(texts.seal, "@b@", "AA=="));
  append_canonical_header(scope, {arc_seal_field, bare}, relaxed);
  scope.resize(scope.size() - 2);
  texts.seal = replaced(texts.seal, "@b@", to_base64(*key.sign(sha256(scope))));

  MailText sealed{.headers = {}, .body = mail.body};
  sealed.headers.add(arc_seal_field, texts.seal);
  sealed.headers.add(arc_message_field, texts.message);
  for (std::size_t i = 0; i < below.size(); ++i) sealed.headers.add(below[i].name, below[i].value);
  return sealed;
}

// The TXT record of the key.
inline std::string arc_record(std::string_view tags = "", const PrivateKey& key = arc_key()) {
  return fmt::format("v=DKIM1; {}p={}", tags, to_base64(key.public_octets()));
}

// A resolver that counts what it is asked.
class CountingResolver final : public Resolver {
 public:
  explicit CountingResolver(std::string_view zone) : zone_(*ZoneResolver::parse(zone)) {}
  DnsAnswer query(std::string_view name, RecordType type, Deadline deadline) override {
    ++queries;
    return zone_.query(name, type, deadline);
  }
  void prefetch(std::string_view, RecordType) override { ++prefetches; }

  int queries = 0;
  int prefetches = 0;

 private:
  ZoneResolver zone_;
};

inline ArcResult judge_arc(const MailText& mail, Resolver& resolver) {
  KeyDirectory keys(resolver);
  BodyHashes hashes;
  ArcVerifier verifier(mail.headers, keys, hashes);
  hashes.feed(mail.body);
  hashes.finish();
  return verifier.finish(Deadline::in(std::chrono::minutes{5}));
}

// `records` is a JSON list without its brackets.
inline ArcResult judge_arc(const MailText& mail, std::string_view records) {
  auto zone = *ZoneResolver::parse(
      fmt::format(R"({{"s._domainkey.example.org": {{"TXT": [{}]}}}})", records));
  return judge_arc(mail, zone);
}

inline ArcResult judge_arc(const MailText& mail) {
  return judge_arc(mail, "\"" + arc_record() + "\"");
}

}  // namespace icm
