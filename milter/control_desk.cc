// SPDX-License-Identifier: Apache-2.0
#include "milter/control_desk.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace icm {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json members_of(const PolicyChanged& changed) {
  const auto& [change, before, configured, overrides] = changed;
  return {{"policy", change.policy},
          {"mode", to_string(change.mode)},
          {"before", to_string(before.mode)},
          {"configured", to_string(configured.mode)},
          {"overrides", overrides},
          {"percent", configured.percent},
          {"until", change.until ? Json(to_rfc3339(*change.until)) : Json(nullptr)}};
}

}  // namespace

void OrderDesk::asked(ControlRequest request, const ControlPeer& peer, ControlAnswer answer) {
  switch (request.word) {
    case ControlRequest::Word::status:
      return answer(questions_.status());
    case ControlRequest::Word::stats:
      return answer(questions_.stats());
    case ControlRequest::Word::throttle:
      return answer(questions_.throttle());
    case ControlRequest::Word::reload:
    case ControlRequest::Word::policy:
      break;
  }
  const bool is_taken = orders_.with([&](std::vector<ControlOrder>& orders) {
    if (orders.size() >= most_orders) return false;
    orders.push_back({.request = std::move(request), .peer = peer, .answer = answer});
    return true;
  });
  if (!is_taken) {
    return answer(
        fmt::format("{}the daemon is busy with {} orders; try again", control_error, most_orders));
  }
  questions_.wake();
}

std::vector<ControlOrder> OrderDesk::take() {
  return orders_.with([](std::vector<ControlOrder>& orders) { return std::exchange(orders, {}); });
}

std::string reload_json(const ReloadOutcome& outcome, const std::string& file) {
  return line_of({{"protocol", 1},
                  {"reloaded", outcome.problems.empty()},
                  {"file", file},
                  {"problems", outcome.problems},
                  {"warnings", outcome.warnings}});
}

std::string change_json(const PolicyChanged& changed) {
  Json json = {{"protocol", 1}, {"changed", true}};
  json.update(members_of(changed));
  return line_of(json);
}

std::string changes_json(const std::vector<PolicyChanged>& changes) {
  Json all = Json::array();
  for (const PolicyChanged& one : changes) all.push_back(members_of(one));
  return line_of({{"protocol", 1}, {"changed", true}, {"policy", all_policies}, {"changes", all}});
}

std::string change_failed_json(const std::vector<std::string>& problems) {
  return line_of({{"protocol", 1}, {"changed", false}, {"problems", problems}});
}

}  // namespace icm
