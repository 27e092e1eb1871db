// SPDX-License-Identifier: Apache-2.0
#include "policy/config/throttle_config.h"

#include "policy/config/config.h"

namespace icm {

template <>
const std::vector<EnumName<ThrottlePer>>& enum_names<ThrottlePer>() {
  static const std::vector<EnumName<ThrottlePer>> names = {
      {ThrottlePer::all, "all"},       {ThrottlePer::stream, "stream"},
      {ThrottlePer::egress, "egress"}, {ThrottlePer::sender, "sender"},
      {ThrottlePer::login, "login"},   {ThrottlePer::recipient, "recipient"}};
  return names;
}

template <>
const std::vector<EnumName<ThrottleUnit>>& enum_names<ThrottleUnit>() {
  static const std::vector<EnumName<ThrottleUnit>> names = {
      {ThrottleUnit::recipients, "recipients"}, {ThrottleUnit::messages, "messages"}};
  return names;
}

template <>
const std::vector<EnumName<ThrottleMail>>& enum_names<ThrottleMail>() {
  static const std::vector<EnumName<ThrottleMail>> names = {
      {ThrottleMail::bulk, "bulk"},
      {ThrottleMail::transactional, "transactional"},
      {ThrottleMail::undeclared, "undeclared"}};
  return names;
}

ThrottleLimitConfig example_throttle_limit() {
  ThrottleLimitConfig limit;
  limit.name = "hourly";
  limit.at_most = 2000;
  limit.burst = 200;
  limit.bulk_share = 80;
  return limit;
}

WarmUpConfig example_warm_up() {
  WarmUpConfig plan;
  plan.egress = {IpAddress::parse("192.0.2.7").value()};
  plan.start = parse_time("2026-12-01").value();
  return plan;
}

}  // namespace icm
