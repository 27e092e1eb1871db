// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/ledger_print.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/csv.h"
#include "milter/ctl/suppress_print.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl {
namespace {

using Json = nlohmann::ordered_json;

std::string words(std::string_view what, const std::optional<WallTime>& time) {
  return time ? fmt::format(", {} {}", what, show_time(*time)) : "";
}

std::string field(const std::optional<WallTime>& time) { return time ? to_rfc3339(*time) : ""; }

Json member(const std::optional<WallTime>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

}  // namespace

std::string one_line(const Subscription& subscription) {
  std::string line = clean(subscription.scope) + words("consented", subscription.consented);
  if (!subscription.source.empty()) line += fmt::format(" ({})", clean(subscription.source));
  return line + words("withdrawn", subscription.withdrawn) + words("engaged", subscription.engaged);
}

std::string_view ledger_csv_header() {
  return "address,scope,consented,source,withdrawn,engaged\r\n";
}

std::string csv_line(const Subscription& subscription) {
  std::string line;
  add_csv_field(line, subscription.address);
  add_csv_field(line, subscription.scope);
  add_csv_field(line, field(subscription.consented));
  add_csv_field(line, subscription.source);
  add_csv_field(line, field(subscription.withdrawn));
  add_csv_field(line, field(subscription.engaged));
  return line + "\r\n";
}

std::string json_line(const Subscription& subscription) {
  const Json json = {{"address", subscription.address},
                     {"scope", subscription.scope},
                     {"consented", member(subscription.consented)},
                     {"source", subscription.source},
                     {"withdrawn", member(subscription.withdrawn)},
                     {"engaged", member(subscription.engaged)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace icm::ctl
