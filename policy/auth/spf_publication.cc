// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_publication.h"

#include <algorithm>
#include <utility>

#include "policy/base/text.h"

namespace icm {

SpfPublication read_spf_publication(const std::string& domain, const DnsAnswer& answer) {
  SpfPublication found;
  found.ttl = answer.ttl;
  if (answer.is_temporary()) {
    found.status = SpfStatus::temp_error;
    found.problem =
        fmt::format("TXT {}: {} ({})", for_log(domain), to_string(answer.status), answer.problem);
    return found;
  }
  const auto is_record = [](const std::string& text) { return is_spf_record(text); };
  found.records = static_cast<std::size_t>(std::ranges::count_if(answer.texts, is_record));
  found.answer_size = domain.size();
  for (const std::string& text : answer.texts) found.answer_size += text.size();
  if (found.records == 0) {
    found.status = SpfStatus::none;
    found.problem = fmt::format("{} publishes no SPF record", for_log(domain));
    return found;
  }
  if (found.records > 1) {
    found.problem = fmt::format("{} publishes {} SPF records", for_log(domain), found.records);
    return found;
  }
  auto record = parse_spf_record(*std::ranges::find_if(answer.texts, is_record));
  if (record) {
    found.record = *std::move(record);
  } else {
    found.problem = fmt::format("SPF record of {}: {}", for_log(domain), record.error().text);
  }
  return found;
}

std::shared_ptr<const SpfPublication> SpfDirectory::find(const std::string& domain,
                                                         Deadline deadline) {
  const std::string key = lower_ascii(domain);
  if (auto known = cache_.find(key)) return known;
  DnsAnswer answer;
  if (deadline.passed()) {
    answer.problem = "out of time";
  } else {
    answer = resolver_.query(domain, RecordType::txt, deadline);
  }
  auto found = std::make_shared<const SpfPublication>(read_spf_publication(domain, answer));
  if (!answer.is_temporary()) cache_.store(key, found, answer.ttl);
  return found;
}

void SpfDirectory::prefetch(const std::string& domain) {
  if (cache_.find(lower_ascii(domain)) == nullptr) resolver_.prefetch(domain, RecordType::txt);
}

}  // namespace icm
