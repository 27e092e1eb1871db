// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/own_mail.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/backoff.h"

namespace icm {

OwnMail::OwnMail(const Config& config) : config_(config), addresses_(config.egress.addresses) {
  for (const StreamConfig& stream : config.streams) {
    for (const IpAddress& address : stream.egress) {
      if (std::find(addresses_.begin(), addresses_.end(), address) == addresses_.end()) {
        addresses_.push_back(address);
      }
    }
    domains_.insert(domains_.end(), stream.from_domains.begin(), stream.from_domains.end());
    domains_.insert(domains_.end(), stream.sender_domains.begin(), stream.sender_domains.end());
  }
  if (const auto domain = Domain::parse(config.replies.postmaster.domain)) {
    domains_.push_back(*domain);
  }
  for (const std::string& source : config.private_relay.sources) {
    if (const auto domain = Domain::parse(source)) domains_.push_back(*domain);
  }
}

std::string OwnMail::egress_of(const Handover& handover) const {
  if (!handover.egress.empty()) {
    if (const auto address = IpAddress::parse(handover.egress)) return address->text();
  }
  const auto stream =
      std::find_if(config_.streams.begin(), config_.streams.end(), [&](const StreamConfig& one) {
        return !handover.stream.empty() && one.name == handover.stream;
      });
  const bool has_own = stream != config_.streams.end() && !stream->egress.empty();
  const std::vector<IpAddress>& egress =
      has_own ? stream->egress
              : (stream != config_.streams.end() ? config_.egress.addresses : addresses_);
  return egress.size() == 1 ? egress.front().text() : std::string(every_egress);
}

bool OwnMail::is_own(const Domain& domain) const {
  return std::find(domains_.begin(), domains_.end(), domain) != domains_.end();
}

std::string OwnMail::way_named(const std::string& egress) const {
  if (egress != every_egress) return egress;
  return addresses_.size() == 1 ? addresses_.front().text() : std::string("our addresses");
}

std::string OwnMail::mail_named(const Handover& handover) const {
  const std::string domain = subject_of(handover);
  if (!domain.empty()) return " of " + domain;
  return handover.stream.empty() ? std::string() : " of stream " + for_log(handover.stream, 80);
}

std::string OwnMail::subject_of(const Handover& handover) const {
  const auto domain = Domain::parse(handover.from_domain);
  return domain && is_own(*domain) ? domain->text() : std::string();
}

}  // namespace icm
