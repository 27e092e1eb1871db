// SPDX-License-Identifier: Apache-2.0
//
// The daemon's answer about its limits, as facts.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/report/gather.h"
#include "milter/ctl/status_print.h"
#include "milter/ctl/throttle_print.h"

namespace icm::ctl::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_rows = 40;

LimitFacts limit_of(const Json& json) {
  LimitFacts limit;
  limit.name = text_of(json, "name");
  limit.subject = text_of(json, "subject");
  if (member_of(json, "used").is_number()) limit.used = number_of(json, "used");
  limit.usable = number_of(json, "usable");
  limit.window = text_of(json, "window") == "utc-day" ? "day" : span_of(json, "within_seconds");
  limit.remarks = remark_on(json);
  return limit;
}

PauseFacts pause_of(const Json& json) {
  const std::string until = text_of(json, "until");
  std::string what = fmt::format("{} {}", text_of(json, "kind"), text_of(json, "subject"));
  if (text_of(json, "kind") == "slow") {
    what += fmt::format(" to {} percent", number_of(json, "percent"));
  }
  return {.what = std::move(what),
          .until = until.empty() ? until : moment(until),
          .why = text_of(json, "why")};
}

}  // namespace

ThrottleFacts throttle_facts(const std::string& answer) {
  ThrottleFacts facts;
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object()) {
    facts.problem = "what answers at the control socket is no icloud-milter";
    return facts;
  }
  facts.mode = text_of(json, "mode");
  facts.problem = text_of(json, "problem");
  for (const Json& limit : member_of(json, "limits")) {
    facts.limits.size() < most_rows ? facts.limits.push_back(limit_of(limit))
                                    : void(++facts.limits_left_out);
  }
  for (const Json& pause : member_of(json, "backoffs")) {
    facts.pauses.size() < most_rows ? facts.pauses.push_back(pause_of(pause))
                                    : void(++facts.pauses_left_out);
  }
  return facts;
}

}  // namespace icm::ctl::report
