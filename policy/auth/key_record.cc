// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/key_record.h"

#include <algorithm>

#include "policy/auth/tag_list.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_records = 8;  // at one name; RFC 6376 §6.1.2 lets us choose among several

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

Result<KeyType> type_of(std::string_view name) {
  if (name == "rsa") return KeyType::rsa;
  if (name == "ed25519") return KeyType::ed25519;
  return fail(Code::syntax,
              fmt::format("k= expected rsa or ed25519, got \"{}\"", for_log(name, 40)));
}

KeyAnswer answer_from(const DnsAnswer& dns, const std::string& name) {
  KeyAnswer answer;
  if (dns.is_temporary()) {
    answer.problems.push_back(
        fmt::format("TXT {}: {} ({})", name, to_string(dns.status), dns.problem));
    return answer;
  }
  if (dns.texts.empty()) {
    answer.status = KeyAnswer::Status::missing;
    answer.problems.push_back(fmt::format("no key at {}", name));
    return answer;
  }
  answer.status = KeyAnswer::Status::found;
  for (std::size_t i = 0; i < std::min(dns.texts.size(), max_records); ++i) {
    auto record = parse_key_record(dns.texts[i]);
    if (record) {
      answer.keys.push_back(*std::move(record));
    } else {
      answer.problems.push_back(fmt::format("key at {}: {}", name, record.error().text));
    }
  }
  return answer;
}

}  // namespace

Result<KeyRecord> parse_key_record(std::string_view text) {
  ICM_TRY(const TagList list, TagList::parse(text));
  // RFC 6376 §3.6.1: v= need not be there, but if it is, it comes first and says DKIM1.
  if (const Tag* const version = list.find("v"); version != nullptr) {
    if (version != &list.tags().front()) return fail(Code::syntax, "v= is not the first tag");
    if (version->value != "DKIM1") {
      return fail(Code::syntax,
                  fmt::format("v= expected DKIM1, got \"{}\"", for_log(version->value, 40)));
    }
  }
  if (list.find("p") == nullptr) return fail(Code::syntax, "p= is missing");
  ICM_TRY(const KeyType type, type_of(list.value("k", "rsa")));
  if (!contains(colon_list(list.value("h", "sha256")), "sha256"))
    return fail(Code::syntax, "h= does not allow sha256");
  const auto services = colon_list(list.value("s", "*"));
  if (!contains(services, "*") && !contains(services, "email"))
    return fail(Code::syntax, "s= does not allow email");
  const std::string encoded = without_blanks(list.value("p"));
  if (encoded.empty()) return fail(Code::permanent, "the key has been revoked (p= is empty)");
  const auto octets = from_base64(encoded);
  if (!octets) return fail(Code::syntax, "p= is no base64");
  ICM_TRY(PublicKey key, PublicKey::from_octets(type, *octets));
  const auto flags = colon_list(list.value("t"));
  return KeyRecord{.key = std::move(key),
                   .testing = contains(flags, "y"),
                   .strict_identity = contains(flags, "s")};
}

std::string key_name(const std::string& domain, const std::string& selector) {
  return selector + "._domainkey." + domain;
}

std::shared_ptr<const KeyAnswer> KeyDirectory::find(const std::string& domain,
                                                    const std::string& selector,
                                                    Deadline deadline) {
  const std::string name = key_name(domain, selector);
  if (auto known = cache_.find(name)) return known;
  const DnsAnswer dns = resolver_.query(name, RecordType::txt, deadline);
  auto answer = std::make_shared<const KeyAnswer>(answer_from(dns, name));
  const bool is_kept = answer->status != KeyAnswer::Status::temporary && dns.is_small();
  if (is_kept) cache_.store(name, answer, dns.ttl);
  return answer;
}

void KeyDirectory::prefetch(const std::string& domain, const std::string& selector) {
  const std::string name = key_name(domain, selector);
  if (cache_.find(name) == nullptr) resolver_.prefetch(name, RecordType::txt);
}

}  // namespace icm
