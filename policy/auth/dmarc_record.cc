// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/dmarc_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/base/text.h"

namespace icm {
namespace {

// RFC 9989 §4.8: only WSP stands around "=" and ";".
std::string_view trim_wsp(std::string_view text) {
  while (!text.empty() && is_wsp(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_wsp(text.back())) text.remove_suffix(1);
  return text;
}

struct NameValue {
  std::string name;
  std::string_view value;
};

std::optional<NameValue> read_tag(std::string_view spec) {
  const auto equals = spec.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return NameValue{lower_ascii(trim_wsp(spec.substr(0, equals))),
                   trim_wsp(spec.substr(equals + 1))};
}

std::optional<DmarcPolicy> policy_of(std::string_view value) {
  for (const DmarcPolicy policy :
       {DmarcPolicy::none, DmarcPolicy::quarantine, DmarcPolicy::reject}) {
    if (equal_ascii(value, to_string(policy))) return policy;
  }
  return std::nullopt;
}

bool has_uri(std::string_view value) {
  return std::ranges::any_of(split(value, ','), [](std::string_view uri) {
    uri = trim_wsp(uri);
    const auto colon = uri.find(':');
    return colon != std::string_view::npos && colon > 0 && colon + 1 < uri.size() &&
           is_alpha(uri.front());
  });
}

void read_policy(std::string_view value, std::optional<DmarcPolicy>& to, bool& is_invalid) {
  to = policy_of(value);
  if (!to) is_invalid = true;
}

void take_tag(const NameValue& tag, DmarcRecord& record) {
  if (tag.name == "p") {
    record.has_policy_tag = true;
    read_policy(tag.value, record.policy, record.has_invalid_policy);
  } else if (tag.name == "sp") {
    read_policy(tag.value, record.subdomain_policy, record.has_invalid_policy);
  } else if (tag.name == "np") {
    read_policy(tag.value, record.missing_policy, record.has_invalid_missing_policy);
  } else if (tag.name == "aspf") {
    record.spf = equal_ascii(tag.value, "s") ? DmarcAlignment::strict : DmarcAlignment::relaxed;
  } else if (tag.name == "adkim") {
    record.dkim = equal_ascii(tag.value, "s") ? DmarcAlignment::strict : DmarcAlignment::relaxed;
  } else if (tag.name == "psd") {
    record.psd = equal_ascii(tag.value, "y")   ? PublicSuffixFlag::yes
                 : equal_ascii(tag.value, "n") ? PublicSuffixFlag::no
                                               : PublicSuffixFlag::unknown;
  } else if (tag.name == "t") {
    record.testing = equal_ascii(tag.value, "y");
  } else if (tag.name == "rua") {
    record.has_report_address = has_uri(tag.value);
  }
}

DmarcAnswer answer_from(const DnsAnswer& dns, const std::string& name) {
  DmarcAnswer answer;
  if (dns.is_temporary()) {
    answer.problem =
        fmt::format("TXT {}: {} ({})", for_log(name), to_string(dns.status), dns.problem);
    return answer;
  }
  answer.status = DmarcAnswer::Status::none;
  answer.problem = fmt::format("no DMARC record at {}", for_log(name));
  int count = 0;
  for (const std::string& text : dns.texts) {
    auto record = parse_dmarc_record(text);
    if (!record) continue;
    ++count;
    answer.record = *std::move(record);
  }
  if (count == 1) {
    answer.status = DmarcAnswer::Status::found;
    answer.problem.clear();
  } else if (count > 1) {
    answer.several = true;
    answer.problem = fmt::format("{} DMARC records at {}", count, for_log(name));
  }
  return answer;
}

}  // namespace

std::string_view to_string(DmarcPolicy policy) {
  switch (policy) {
    case DmarcPolicy::none:
      return "none";
    case DmarcPolicy::quarantine:
      return "quarantine";
    case DmarcPolicy::reject:
      return "reject";
  }
  return "invalid";
}

std::optional<DmarcRecord> parse_dmarc_record(std::string_view text) {
  constexpr std::size_t max_tags = 100;
  const auto specs = split(text, ';');
  if (text.empty() || is_wsp(text.front())) return std::nullopt;
  const auto version = read_tag(specs.front());
  if (!version || version->name != "v" || version->value != "DMARC1") return std::nullopt;
  DmarcRecord record;
  record.text = std::string(text);
  std::set<std::string> seen;
  for (std::size_t i = 1; i < std::min(specs.size(), max_tags); ++i) {
    const auto tag = read_tag(specs[i]);
    // The first of two tags of one name counts.
    if (tag && seen.insert(tag->name).second) take_tag(*tag, record);
  }
  return record;
}

std::shared_ptr<const DmarcAnswer> DmarcDirectory::find(const std::string& domain,
                                                        Deadline deadline) {
  if (auto known = cache_.find(domain)) return known;
  const std::string name = "_dmarc." + domain;
  const DnsAnswer dns = resolver_.query(name, RecordType::txt, deadline);
  auto answer = std::make_shared<const DmarcAnswer>(answer_from(dns, name));
  const bool is_kept = answer->status != DmarcAnswer::Status::temporary && dns.is_small();
  if (is_kept) cache_.store(domain, answer, dns.ttl);
  return answer;
}

void DmarcDirectory::prefetch(const std::string& domain) {
  if (cache_.find(domain) == nullptr) resolver_.prefetch("_dmarc." + domain, RecordType::txt);
}

std::optional<bool> DmarcDirectory::exists(const std::string& domain, Deadline deadline) {
  const DnsAnswer dns = resolver_.query(domain, RecordType::a, deadline);
  if (dns.is_temporary()) return std::nullopt;
  return dns.status != DnsStatus::no_such_name;
}

}  // namespace icm
