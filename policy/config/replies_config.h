// SPDX-License-Identifier: Apache-2.0
//
// RepliesConfig: the `replies` section of milter.conf; a part of config.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "policy/config/metrics_config.h"
#include "policy/verdict.h"

namespace icm {

// What a reply may lead to.
enum class ReplyEffect {
  suppress,        // an address that is gone gets no more mail
  suspend,         // one that is off, or full, gets none for some days
  slow_recipient,  // one gets a message in so long
  stop_template,   // no mail of a form that Apple refuses
  hold_domain,     // no mail from a domain that Apple refuses
  pause,           // nothing leaves by an address for a while
  slow,            // less leaves by it, until mail is taken again
  stop,            // one message in so long leaves by it, to see whether it is taken
};

struct AddressRepliesConfig {
  std::vector<std::chrono::seconds> suspend = {std::chrono::hours{24}, std::chrono::hours{24 * 3},
                                               std::chrono::hours{24 * 7}};
  int suppress_after = 5;
  std::chrono::seconds inactive_for{std::chrono::hours{24 * 14}};
  std::chrono::seconds full_for{std::chrono::hours{24 * 30}};
  std::chrono::seconds slow_every{std::chrono::hours{1}};
  std::chrono::seconds slow_for{std::chrono::hours{24}};
  bool operator==(const AddressRepliesConfig&) const = default;
};

template <class Visitor>
void describe(AddressRepliesConfig& c, Visitor& visit) {
  using std::chrono::hours;
  visit.spans("suspend", c.suspend, std::chrono::minutes{1}, hours{24 * 365},
              "How long an address that is off or full is left alone: the first time, the second, "
              "and so on; the last holds for all further times.");
  visit.number("suppress_after", c.suppress_after, 2, 1000,
               "It is gone after so many such replies, if they span as long as the next two say.");
  visit.span("inactive_for", c.inactive_for, hours{24}, hours{24 * 365},
             "The time from the first to the last reply that says the address is off.");
  visit.span("full_for", c.full_for, hours{24}, hours{24 * 365},
             "The same of a mailbox that is full.");
  visit.span("slow_every", c.slow_every, std::chrono::minutes{1}, hours{24},
             "An address that gets too much mail gets one message in so long.");
  visit.span("slow_for", c.slow_for, std::chrono::minutes{1}, hours{24 * 31},
             "How long that holds.");
}

struct MessageRepliesConfig {
  int recipients = 3;
  std::chrono::seconds hold{std::chrono::hours{24}};
  bool operator==(const MessageRepliesConfig&) const = default;
};

template <class Visitor>
void describe(MessageRepliesConfig& c, Visitor& visit) {
  visit.number("recipients", c.recipients, 1, 1000,
               "Different recipients for whom Apple refused a message's form, or its From domain, "
               "within a day before more of it is held back.");
  visit.span("hold", c.hold, std::chrono::hours{0}, std::chrono::hours{24 * 31},
             "How long it is held back; 0s until icloud-milterctl throttle resume.");
}

struct DestinationRepliesConfig {
  std::chrono::seconds pause{std::chrono::minutes{15}};
  std::chrono::seconds longest_pause{std::chrono::hours{4}};
  int slowest = 10;
  int recovery = 10;
  std::chrono::seconds probe{std::chrono::hours{1}};
  bool operator==(const DestinationRepliesConfig&) const = default;
};

template <class Visitor>
void describe(DestinationRepliesConfig& c, Visitor& visit) {
  visit.span("pause", c.pause, std::chrono::seconds{10}, std::chrono::hours{24},
             "How long nothing leaves by an address after Apple asked for less; each time that it "
             "asks again, twice as long.");
  visit.span("longest_pause", c.longest_pause, std::chrono::seconds{10}, std::chrono::hours{24 * 7},
             "The longest of these pauses.");
  visit.number("slowest", c.slowest, 1, 99,
               "After a pause every limit is halved, down to this percentage of it.");
  visit.number("recovery", c.recovery, 1, 100,
               "Each hour in which Apple takes mail adds so many percent again.");
  visit.span("probe", c.probe, std::chrono::minutes{1}, std::chrono::hours{24 * 7},
             "From an address that Apple does not talk to, one message leaves in so long, until "
             "one is taken.");
}

// When one reply comes so much more often than it used to that it is an outage's, not the
// addresses'.
struct BreakerConfig {
  std::chrono::seconds window{std::chrono::hours{1}};
  int at_least = 20;
  int share = 5;
  int times = 3;
  std::chrono::seconds wait{std::chrono::minutes{15}};
  std::chrono::seconds calm{std::chrono::hours{1}};
  bool operator==(const BreakerConfig&) const = default;
};

template <class Visitor>
void describe(BreakerConfig& c, Visitor& visit) {
  visit.span("window", c.window, std::chrono::minutes{10}, std::chrono::hours{24},
             "The stretch of time that is looked at; the breaker opens when at_least, share and "
             "times are all passed in it.");
  visit.number("at_least", c.at_least, 2, 1000000, "Answers of one kind.");
  visit.number("share", c.share, 1, 100, "Their percentage of all of Apple's answers.");
  visit.number("times", c.times, 2, 100,
               "How many times that has to be its share of the seven days before.");
  visit.span("wait", c.wait, std::chrono::seconds{0}, std::chrono::hours{24},
             "No address is suppressed before its reply is so old and the breaker quiet.");
  visit.span("calm", c.calm, std::chrono::minutes{1}, std::chrono::hours{24 * 7},
             "It closes when the share was below half of what opened it for so long.");
}

struct AlertsConfig {
  std::vector<std::string> command;
  std::vector<std::string> mail_to;
  std::string mail_from;
  std::string sendmail = "/usr/sbin/sendmail";
  std::chrono::seconds timeout{30};
  std::chrono::seconds quiet{std::chrono::hours{6}};
  bool operator==(const AlertsConfig&) const = default;
};

template <class Visitor>
void describe(AlertsConfig& c, Visitor& visit) {
  visit.texts("command", c.command,
              "A program and its arguments, run without a shell and given the alert on standard "
              "input; none runs nothing. Alerts are always in the log.");
  visit.texts("mail_to", c.mail_to, "Addresses that alerts are mailed to; none mails nothing.");
  visit.text("mail_from", c.mail_from, "The author of that mail; empty is the first of mail_to.");
  visit.path("sendmail", c.sendmail, "The program that mail is submitted with (-i -t).");
  visit.span("timeout", c.timeout, std::chrono::seconds{1}, std::chrono::seconds{300},
             "Time for the command, or for sendmail, after which it is ended.");
  visit.span("quiet", c.quiet, std::chrono::minutes{1}, std::chrono::hours{24 * 31},
             "The same alert is not raised again before so long has passed.");
}

// Who writes to Apple's postmaster: what a draft begins with.
struct PostmasterConfig {
  std::string company;
  std::string domain;
  std::string contact;
  bool operator==(const PostmasterConfig&) const = default;
};

template <class Visitor>
void describe(PostmasterConfig& c, Visitor& visit) {
  visit.text("company", c.company, "The company's name.");
  visit.text("domain", c.domain, "The domain that sends.");
  visit.text("contact", c.contact, "Whom Apple answers: a name, an address, a telephone number.");
}

struct RepliesConfig {
  Mode mode = Mode::observe;
  std::vector<ReplyEffect> only_observe;
  std::string table;
  std::string log;
  std::vector<std::string> transports = {"icloud-out"};
  std::string book = "/var/lib/icloud-milter/replies.db";
  AddressRepliesConfig addresses;
  MessageRepliesConfig messages;
  DestinationRepliesConfig destination;
  BreakerConfig breaker;
  AlertsConfig alerts;
  PostmasterConfig postmaster;
  MetricsConfig metrics;
  bool operator==(const RepliesConfig&) const = default;
};

template <class Visitor>
void describe(RepliesConfig& c, Visitor& visit) {
  visit.choice("mode", c.mode,
               "off learns nothing, observe counts, alerts and says what it would do, enforce does "
               "it.");
  visit.choices("only_observe", c.only_observe,
                "What is only said, though mode is enforce: suppress, suspend, slow_recipient, "
                "stop_template, hold_domain, pause, slow, stop.");
  visit.path("table", c.table,
             "A table of replies of your own, which extends the built-in one; empty is the "
             "built-in one alone.");
  visit.path("log", c.log, "The mail server's log; empty reads the systemd journal.");
  visit.texts("transports", c.transports,
              "Transports of the mail server that deliver to Apple alone. Deliveries to Apple's "
              "domains and by Apple's servers are known without.");
  visit.path("book", c.book, "SQLite file with what was learnt; made when it is missing.");
  visit.section("addresses", c.addresses, "Replies about an address.");
  visit.section("messages", c.messages, "Replies about a message, or its From domain.");
  visit.section("destination", c.destination, "Replies about an address that mail leaves from.");
  visit.section("breaker", c.breaker,
                "What keeps an outage at Apple from being taken for addresses that are gone.");
  visit.section("alerts", c.alerts, "What a person has to know.");
  visit.section("postmaster", c.postmaster,
                "What a draft to Apple's postmaster says of the sender.");
  visit.section("metrics", c.metrics,
                "Figures for Prometheus of icloud-milterctl replies follow, a program of its own, "
                "on this host alone: inet:9811@127.0.0.1, or unix:/run/icloud-milter-replies/"
                "metrics.");
}

}  // namespace icm
