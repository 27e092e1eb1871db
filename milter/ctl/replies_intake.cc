// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl replies intake: one bounce, on standard input. Anybody can write to the address
// where bounces come home: a report counts only for a message, and a recipient, that the decision
// log knows, and where it shows the queue id that the message left with. Its exit statuses are
// those of sysexits.h, as pipe(8) and local(8) read them.
#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/delivery_pupil.h"
#include "milter/ctl/handovers.h"
#include "milter/ctl/message_file.h"
#include "milter/ctl/replies_options.h"
#include "policy/base/text.h"
#include "policy/delivery/delivery_log.h"
#include "policy/delivery/delivery_report.h"
#include "policy/learning/address_hits.h"
#include "policy/recipients.h"
#include "policy/replies/reply_table_file.h"

namespace icm::ctl {
namespace {

constexpr std::string_view source_name = "intake";

struct Options {
  std::string config;
  bool dry_run = false;
};

Result<std::string> read_mail() {
  std::string mail;
  ICM_CHECK(read_octets("-", [&](std::string_view octets) {
    // Read to its end: whoever writes it is not to be killed.
    mail += octets.substr(0, max_report_octets - std::min(mail.size(), max_report_octets));
    return true;
  }));
  return mail;
}

// Many know a Message-ID: those who had a copy, a whole mailing list. The queue id that the mail
// left us with stands in what reached this recipient, and nowhere else.
bool is_about(const DecisionRecord& decision, const DeliveryReport& report) {
  if (decision.event != "message" || decision.verdict == "reject") return false;
  if (!report.message_id.empty() && decision.message_id != report.message_id) return false;
  const auto& ids = report.received_ids;
  return !decision.queue_id.empty() &&
         (decision.queue_id == report.queue_id ||
          std::find(ids.begin(), ids.end(), decision.queue_id) != ids.end());
}

// Who was one of several could report the others: all of them know the message's names.
bool was_for(const DecisionRecord& decision, const std::string& key) {
  return decision.recipients.size() == 1 && recipient_key(decision.recipients.front()) == key;
}

// Anybody can write a report about himself. So it may say that his address is gone, and nothing of
// our domains, our mail or our way to Apple.
bool is_about_address(const ReplyTable& table, const DeliveryEvent& event) {
  const ReceivedReply reply = parse_received_reply(event.reply);
  return event.status != DeliveryStatus::sent &&
         may_count_against_address(table.classify(reply), reply);
}

// The newest decision on the message, in the log and in those that were rotated away, that has the
// recipient.
class SentMail {
 public:
  explicit SentMail(const DeliveryReport& report) : report_(report) {}

  Status search(const std::string& log, const std::vector<DeliveryEvent>& events) {
    found_.resize(events.size());
    if (log.empty() || events.empty()) return {};
    std::vector<std::string> files = rotated_files(log);
    files.push_back(log);
    for (const std::string& file : files) ICM_CHECK(search_file(file, events));
    return {};
  }

  struct Mail {
    Handover handover;
    std::string queue_id;  // as our own mail server logs it, whatever the report says
  };
  const std::optional<Mail>& of(std::size_t event) const { return found_[event]; }

 private:
  Status search_file(const std::string& file, const std::vector<DeliveryEvent>& events) {
    ICM_TRY(FollowedFile log, FollowedFile::open(file, std::nullopt,
                                                 {.longest_line = longest_decision_line,
                                                  .at_most = Handovers::most_of_the_past}));
    const std::string& sought = report_.message_id.empty() ? report_.queue_id : report_.message_id;
    // JsonLine writes such a word as it is.
    const bool is_plain = !sought.empty() && is_printable(sought) &&
                          sought.find_first_of("\"\\") == std::string::npos;
    if (!is_plain) return {};
    for (;;) {
      ICM_TRY(const auto line, log.next());
      if (!line) return {};
      if (line->text.find(sought) == std::string_view::npos) continue;
      if (!reader_.read(line->text, decision_) || !is_about(decision_, report_)) continue;
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (!was_for(decision_, events[i].recipient)) continue;
        found_[i] = Mail{handover_of(decision_), std::string(decision_.queue_id)};
      }
    }
  }

  const DeliveryReport& report_;
  DecisionReader reader_;
  DecisionRecord decision_;
  std::vector<std::optional<Mail>> found_;
};

// What Postfix logs: one line on standard output.
Result<Exit> run(const Options& options) {
  ICM_TRY(const std::string mail, read_mail());
  const auto report = parse_delivery_report(mail);
  if (!report) {
    fmt::print("not learnt from: {}\n", report.error().text);
    return Exit::data_error;
  }
  ICM_TRY(const Config config, load_configuration(options.config));
  const SystemClock clock;
  const NamedAppleDomains apple(config.apple.domains);
  std::vector<DeliveryEvent> events =
      events_of(*report, AppleTraffic(apple, config.replies.transports, config.routing.mx_suffixes),
                clock.now());
  SentMail sent(*report);
  ICM_CHECK(sent.search(config.log.decisions, events));
  ICM_TRY(const ReplyTable table, load_reply_table(config.replies.table));
  std::size_t count = 0;
  std::unique_ptr<DeliveryPupil> pupil;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!sent.of(i) || !is_about_address(table, events[i])) continue;
    if (!pupil) {
      ICM_TRY(pupil, options.dry_run ? printing_pupil(config) : learning_pupil(config, clock));
    }
    if (!sent.of(i)->queue_id.empty()) events[i].queue_id = sent.of(i)->queue_id;
    ICM_CHECK(pupil->take(events[i], sent.of(i)->handover));
    ++count;
  }
  if (pupil) ICM_CHECK(pupil->settle(std::string(source_name), {}, false));
  if (!options.dry_run) {
    fmt::print("{} of {} reported deliveries to Apple learnt from{}\n", count, events.size(),
               count < events.size()
                   ? "; the others are not about an address that the decision log "
                     "has as the only one of a mail with the queue id that they show"
                   : "");
  }
  return Exit::done;
}

Exit take_report(const Options& options) {
  try {
    const Result<Exit> done = run(options);
    if (done) return *done;
    return complain(done.error().text, Exit::try_again);
  } catch (const std::exception& error) {  // out of memory, or our bug: the mail is still there
    return complain(fmt::format("internal error: {}", error.what()), Exit::try_again);
  }
}

}  // namespace

void add_replies_intake(CLI::App& replies, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* const command = replies.add_subcommand("intake",
                                                   "Takes one bounce on standard input, as pipe(8) "
                                                   "and local(8) give it, and learns from what it "
                                                   "reports.");
  command->add_option("--config", options->config, std::string(config_option_help))
      ->option_text("FILE");
  command->add_flag("--dry-run", options->dry_run,
                    "Learns nothing: prints one JSON object for each delivery that counts.");
  command->footer(
      "For what comes home later than the log tells, and where the log cannot be read. Anybody "
      "can\n"
      "write a report, so it counts against the address that it is about alone, and only where "
      "the\n"
      "decision log (log.decisions) has that as the one recipient of the mail, and the report "
      "shows\n"
      "the mail's queue id: as X-Postfix-Queue-ID, or in a Received field of what it returns.\n"
      "Exit status: 0 taken, 65 no delivery status notification, 75 try again later.\n"
      "Example, in master.cf:\n"
      "  bounces unix - n n - 4 pipe\n"
      "    flags=R user=icloud-milter argv=/usr/bin/icloud-milterctl replies intake");
  command->callback([options, &chosen] { chosen = [options] { return take_report(*options); }; });
}

}  // namespace icm::ctl
