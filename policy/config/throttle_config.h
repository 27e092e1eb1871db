// SPDX-License-Identifier: Apache-2.0
//
// ThrottleConfig: the `throttle` section of milter.conf; a part of config.h.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/ip_address.h"
#include "policy/config/policy_options.h"

namespace icm {

// What has a counter of its own under a limit.
enum class ThrottlePer {
  all,        // nothing: one counter for all mail that the limit is for
  stream,     // each declared stream, and mail of none
  egress,     // each address that mail leaves from
  sender,     // each envelope sender
  login,      // each SASL login; mail without one is not counted
  recipient,  // each recipient
};

enum class ThrottleUnit { recipients, messages };

// Mail by the stream that its envelope gives away.
enum class ThrottleMail { bulk, transactional, undeclared };

struct ThrottleLimitConfig {
  std::string name;
  ThrottlePer per = ThrottlePer::all;
  ThrottleUnit count = ThrottleUnit::recipients;
  int at_most = 1000;
  std::chrono::seconds within{std::chrono::hours{1}};
  int burst = 0;
  int bulk_share = 100;
  std::vector<ThrottleMail> mail;
  std::vector<std::string> streams;
  bool relay_only = false;
  bool operator==(const ThrottleLimitConfig&) const = default;
};

template <class Visitor>
void describe(ThrottleLimitConfig& c, Visitor& visit) {
  visit.name("name", c.name, "A short word for this limit, shown in replies and in the log.");
  visit.choice("per", c.per,
               "What has a counter of its own: all has one for everything, the others one for each "
               "stream, address of egress, envelope sender, login, or recipient.");
  visit.choice("count", c.count, "What is counted: Apple recipients, or messages to any of them.");
  visit.number("at_most", c.at_most, 1, 100000000,
               "So many in any stretch of time as long as `within`.");
  visit.span("within", c.within, std::chrono::seconds{1}, std::chrono::hours{24 * 31},
             "The length of that stretch.");
  visit.number("burst", c.burst, 0, 100000000,
               "So many at once, further ones at an even pace (at_most in each `within`); 0 lets "
               "all of at_most go at once.");
  visit.number("bulk_share", c.bulk_share, 1, 100,
               "Percent of the limit that mail of bulk streams may use, so that it leaves the rest "
               "to what people write.");
  visit.choices("mail", c.mail,
                "The mail it is for, by the kind of its stream; undeclared is mail of no stream. "
                "None means all.");
  visit.texts("streams", c.streams, "Names of the streams it is for; none means any.");
  visit.flag("relay_only", c.relay_only,
             "Whether it is for private relay addresses alone (privaterelay.appleid.com, "
             "private.icloud.com).");
}

// Limits that somebody publishes.
enum class ThrottlePreset {
  none,
  icloud_account,  // of an account at smtp.mail.me.com, where all mail leaves through that
};

// Static storage.
const std::vector<ThrottleLimitConfig>& limits_of(ThrottlePreset preset);

// The limit that the commented example shows.
ThrottleLimitConfig example_throttle_limit();

// A new address that mail leaves from: little on its first day, more on each further one.
struct WarmUpConfig {
  std::vector<IpAddress> egress;
  std::optional<WallTime> start;
  int first_day = 100;
  int growth = 150;
  int cap = 100000;
  bool operator==(const WarmUpConfig&) const = default;
};

template <class Visitor>
void describe(WarmUpConfig& c, Visitor& visit) {
  visit.addresses("egress", c.egress, "The new addresses; each has a counter of its own.");
  visit.time("start", c.start,
             "The first day, as 2026-12-01; days begin at midnight UTC. Until then the figure of "
             "the first day holds.");
  visit.number("first_day", c.first_day, 1, 100000000, "Apple recipients on the first day.");
  visit.number("growth", c.growth, 101, 1000,
               "A day's figure in percent of the day's before: 150 is half as many again.");
  visit.number("cap", c.cap, 1, 100000000,
               "The figure at which it stops growing. It stays there until this entry is removed.");
}

WarmUpConfig example_warm_up();

struct ThrottleConfig : PolicyConfig {
  ThrottlePreset preset = ThrottlePreset::none;
  std::vector<ThrottleLimitConfig> limits;
  std::vector<WarmUpConfig> warm_up;
  ThrottleConfig() {
    action = Disposition::defer;
    origins.assign(std::begin(all_origins), std::end(all_origins));
  }
  // Where all mail leaves through Apple, everybody's recipients count as Apple's do.
  bool counts_everybody() const { return preset == ThrottlePreset::icloud_account; }

  bool operator==(const ThrottleConfig&) const = default;
};

template <class Visitor>
void describe(ThrottleConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.choice("preset", c.preset,
               "Limits besides those below. icloud-account: all mail leaves through an account at "
               "smtp.mail.me.com, which Apple allows 1000 messages and 1000 recipients a day; then "
               "every recipient counts, whoever's.");
  visit.list("limits", c.limits, example_throttle_limit(),
             "Limits on mail to Apple. Mail that one of them is used up for is deferred, whatever "
             "the action says, and uses up none.");
  visit.list("warm_up", c.warm_up, example_warm_up(), "New addresses that mail leaves from.");
}

}  // namespace icm
