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

template <>
const std::vector<EnumName<ThrottlePreset>>& enum_names<ThrottlePreset>() {
  static const std::vector<EnumName<ThrottlePreset>> names = {
      {ThrottlePreset::none, "none"}, {ThrottlePreset::icloud_account, "icloud-account"}};
  return names;
}

const std::vector<ThrottleLimitConfig>& limits_of(ThrottlePreset preset) {
  // https://support.apple.com/102198, "Mailbox size and message sending limits in iCloud": 1000
  // messages a day, 1000 recipients a day. When its day begins Apple does not say, so that no 24
  // hours have more. Its 500 recipients a message and its 20 MB are Postfix's to keep and
  // format.max_size's.
  static const auto daily = [](std::string name, ThrottleUnit unit) {
    ThrottleLimitConfig limit;
    limit.name = std::move(name);
    limit.count = unit;
    limit.at_most = 1000;
    limit.within = std::chrono::hours{24};
    return limit;
  };
  static const std::vector<ThrottleLimitConfig> none;
  static const std::vector<ThrottleLimitConfig> account = {
      daily("account-messages", ThrottleUnit::messages),
      daily("account-recipients", ThrottleUnit::recipients)};
  switch (preset) {
    case ThrottlePreset::none:
      return none;
    case ThrottlePreset::icloud_account:
      return account;
  }
  return none;
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
