// SPDX-License-Identifier: Apache-2.0
#include "policy/config/config.h"

namespace icm {

template <>
const std::vector<EnumName<OnError>>& enum_names<OnError>() {
  static const std::vector<EnumName<OnError>> names = {{OnError::accept, "accept"},
                                                       {OnError::defer, "defer"}};
  return names;
}

template <>
const std::vector<EnumName<Required>>& enum_names<Required>() {
  static const std::vector<EnumName<Required>> names = {{Required::both, "both"},
                                                        {Required::one, "one"}};
  return names;
}

template <>
const std::vector<EnumName<DmarcReading>>& enum_names<DmarcReading>() {
  static const std::vector<EnumName<DmarcReading>> names = {{DmarcReading::rfc9989, "rfc9989"},
                                                            {DmarcReading::rfc7489, "rfc7489"}};
  return names;
}

template <>
const std::vector<EnumName<MixedRefusal>>& enum_names<MixedRefusal>() {
  static const std::vector<EnumName<MixedRefusal>> names = {{MixedRefusal::remove, "remove"},
                                                            {MixedRefusal::keep, "keep"}};
  return names;
}

template <>
const std::vector<EnumName<LogDestination>>& enum_names<LogDestination>() {
  static const std::vector<EnumName<LogDestination>> names = {
      {LogDestination::automatic, "automatic"},
      {LogDestination::syslog, "syslog"},
      {LogDestination::standard_error, "stderr"}};
  return names;
}

template <>
const std::vector<EnumName<StreamKind>>& enum_names<StreamKind>() {
  static const std::vector<EnumName<StreamKind>> names = {
      {StreamKind::bulk, "bulk"}, {StreamKind::transactional, "transactional"}};
  return names;
}

template <>
const std::vector<EnumName<Mode>>& enum_names<Mode>() {
  static const std::vector<EnumName<Mode>> names = {
      {Mode::off, "off"}, {Mode::observe, "observe"}, {Mode::enforce, "enforce"}};
  return names;
}

template <>
const std::vector<EnumName<Disposition>>& enum_names<Disposition>() {
  static const std::vector<EnumName<Disposition>> names = {{Disposition::reject, "reject"},
                                                           {Disposition::defer, "defer"},
                                                           {Disposition::quarantine, "quarantine"},
                                                           {Disposition::tag, "tag"}};
  return names;
}

template <>
const std::vector<EnumName<Origin>>& enum_names<Origin>() {
  static const std::vector<EnumName<Origin>> names = {{Origin::unknown, "unknown"},
                                                      {Origin::submission, "submission"},
                                                      {Origin::relay, "relay"},
                                                      {Origin::local, "local"},
                                                      {Origin::forwarded, "forwarded"}};
  return names;
}

template <>
const std::vector<EnumName<SealWhen>>& enum_names<SealWhen>() {
  static const std::vector<EnumName<SealWhen>> names = {
      {SealWhen::forwarded, "forwarded"}, {SealWhen::always, "always"}, {SealWhen::never, "never"}};
  return names;
}

template <>
const std::vector<EnumName<Rescue>>& enum_names<Rescue>() {
  static const std::vector<EnumName<Rescue>> names = {
      {Rescue::let_go, "let_go"}, {Rescue::hold, "hold"}, {Rescue::refuse, "refuse"}};
  return names;
}

template <>
const std::vector<EnumName<StoreKind>>& enum_names<StoreKind>() {
  static const std::vector<EnumName<StoreKind>> names = {{StoreKind::sqlite, "sqlite"},
                                                         {StoreKind::redis, "redis"}};
  return names;
}

template <>
const std::vector<EnumName<WhileAway>>& enum_names<WhileAway>() {
  static const std::vector<EnumName<WhileAway>> names = {{WhileAway::snapshot, "snapshot"},
                                                         {WhileAway::on_error, "on_error"}};
  return names;
}

template <>
const std::vector<EnumName<RedisMode>>& enum_names<RedisMode>() {
  static const std::vector<EnumName<RedisMode>> names = {{RedisMode::single, "single"},
                                                         {RedisMode::sentinel, "sentinel"},
                                                         {RedisMode::cluster, "cluster"}};
  return names;
}

SealingKeyConfig example_sealing_key() {
  SealingKeyConfig key;
  key.domain = "example.com";
  key.selector = "arc1";
  key.file = "/etc/icloud-milter/arc1.pem";
  key.recipients = {"icloud.com"};
  key.listeners = {"ICLOUD-GATE"};
  return key;
}

StreamConfig example_stream() {
  StreamConfig stream;
  stream.name = "news";
  stream.logins = {"newsletter"};
  stream.from_domains = {Domain::parse("news.example.com").value()};
  stream.sender_domains = {Domain::parse("bounces.news.example.com").value()};
  stream.header = "X-Campaign: news";
  stream.display_names = {"Example News"};
  stream.dkim_domains = {Domain::parse("news.example.com").value()};
  stream.egress = {IpAddress::parse("192.0.2.7").value()};
  stream.helo = "out.news.example.com";
  return stream;
}

}  // namespace icm
