// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl relay-events import: what Apple tells of people who signed in with Apple, onto
// the suppression list.
#include <cstdio>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/message_file.h"
#include "milter/ctl/relay_event_journal.h"
#include "milter/ctl/relay_event_reader.h"
#include "milter/ctl/store_options.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"
#include "policy/unsubscribe/relay_event.h"

namespace icm::ctl {
namespace {

using Type = RelayEvent::Type;

constexpr std::size_t most_file_octets = 64u << 20;

struct RelayEventOptions {
  std::string config;
  std::string file = "-";
  std::string subjects;
};

Result<std::string> read_file(const std::string& path) {
  std::string text;
  bool is_whole = true;
  ICM_CHECK(read_octets(path, [&](std::string_view chunk) {
    text += chunk;
    is_whole = text.size() <= most_file_octets;
    return is_whole;
  }));
  if (!is_whole) {
    return fail(Code::config, fmt::format("{}: is larger than {} octets", path, most_file_octets));
  }
  return text;
}

// "SUBJECT ADDRESS" a line, with a comma, a tab or blanks between.
using Subjects = std::map<std::string, Mailbox, std::less<>>;
Result<Subjects> read_subjects(const std::string& path) {
  Subjects subjects;
  if (path.empty()) return subjects;
  ICM_TRY(const std::string text, read_file(path));
  std::uint64_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t end = line.find_first_of(", \t");
    const std::size_t begin = line.find_first_not_of(", \t", end);
    const auto mailbox = begin == std::string_view::npos ? fail(Code::syntax, "has no address")
                                                         : Mailbox::parse(line.substr(begin));
    if (!mailbox) {
      return fail(Code::syntax, fmt::format("{}:{}: expected \"SUBJECT,ADDRESS\": {}", path, number,
                                            mailbox.error().text));
    }
    subjects.insert_or_assign(std::string(line.substr(0, end)), *mailbox);
  }
  return subjects;
}

class Importer {
 public:
  Importer(const RelayEventsConfig& config, WebKeySet keys, Subjects subjects,
           RelayEventJournal journal, std::unique_ptr<SuppressionBook> book)
      : config_(config),
        keys_(std::move(keys)),
        subjects_(std::move(subjects)),
        journal_(std::move(journal)),
        book_(std::move(book)) {}

  // Says what became of it; what one event lacks does not keep the others from being applied.
  void take(std::uint64_t line, const Result<std::string>& token) {
    if (stopped_) return;
    const auto event = token ? read_relay_event(*token, keys_, config_.client_ids, now_in_seconds())
                             : tl::make_unexpected(token.error());
    if (!event) return refuse(line, event.error());
    const Result<std::string> done = apply(*event);
    if (!done) return refuse(line, done.error());
    fmt::print("line {}: {} of {}: {}\n", line, clean(event->type_name), to_rfc3339(event->time),
               *done);
  }

  Result<Exit> finish() {
    ICM_CHECK(journal_.sync());
    if (stopped_) return tl::make_unexpected(*stopped_);
    return refused_ == 0 ? Exit::done : Exit::refused;
  }

 private:
  void refuse(std::uint64_t line, const Error& error) {
    ++refused_;
    complain(fmt::format("line {}: {}", line, error.text));
    if (error.code == Code::temporary) stopped_ = error;  // the store is away: nor will the next go
  }

  Result<std::string> apply(const RelayEvent& event) {
    if (event.type == Type::unknown) return std::string("not known here, passed over");
    if (journal_.knows(event)) return std::string("applied before");
    if (journal_.is_outdated(event)) {
      ICM_CHECK(journal_.note(event));
      return std::string("a later event was applied already");
    }
    ICM_TRY(const Mailbox mailbox, address_of(event));
    ICM_TRY(std::string done,
            event.type == Type::email_enabled ? open(event, mailbox) : close(event, mailbox));
    ICM_CHECK(journal_.note(event));
    return done;
  }

  Result<Mailbox> address_of(const RelayEvent& event) const {
    if (event.email) return *event.email;
    if (const auto found = subjects_.find(event.subject); found != subjects_.end()) {
      return found->second;
    }
    return fail(Code::permanent,
                fmt::format("{}: Apple gives no address with it; name the one of subject {} with "
                            "--subjects",
                            to_string(event.type), for_log(event.subject)));
  }

  Result<std::string> close(const RelayEvent& event, const Mailbox& mailbox) {
    const Suppression entry = *suppression_of(event, mailbox);
    ICM_TRY(const icm::Outcome outcome, book_->add(entry, deed(Deed::Kind::add, "")));
    return fmt::format("{}: {}{}", clean(entry.address), to_string(entry.reason),
                       outcome == icm::Outcome::unchanged ? ", as it was" : "");
  }

  // Opens what a switched-off relay closed, and nothing else: no unsubscribe, no complaint, and not
  // what was learnt after the event.
  Result<std::string> open(const RelayEvent& event, const Mailbox& mailbox) {
    if (event.is_expired) {
      return fail(Code::permanent,
                  "its exp has passed: an old token may end mail, but not begin it again");
    }
    ICM_TRY(const auto standing, book_->standing({mailbox.key()}));
    std::size_t removed = 0;
    for (const Recorded& record : standing) {
      const Suppression& entry = record.entry;
      if (entry.reason != SuppressionReason::relay_off || last_word(entry) > event.time) continue;
      const EntryChoice choice{
          .address = entry.address, .scope = entry.scope, .reason = entry.reason};
      const std::string why = fmt::format("Sign in with Apple: email-enabled at {}, event {}",
                                          to_rfc3339(event.time), event.id);
      ICM_TRY(const auto gone, book_->remove(choice, deed(Deed::Kind::remove, why)));
      removed += gone.size();
    }
    return fmt::format("{}: {}", clean(mailbox.key()),
                       removed == 0 ? "nothing of it was switched off" : "relay-off ended");
  }

  Deed deed(Deed::Kind kind, std::string why) const {
    return {
        .kind = kind, .who = "relay-events import", .at = now_in_seconds(), .why = std::move(why)};
  }

  const RelayEventsConfig& config_;
  const WebKeySet keys_;
  const Subjects subjects_;
  RelayEventJournal journal_;
  std::unique_ptr<SuppressionBook> book_;
  std::uint64_t refused_ = 0;
  std::optional<Error> stopped_;
};

Result<Exit> run(const RelayEventOptions& options) {
  ICM_TRY(const Config config, load_configuration(options.config));
  const RelayEventsConfig& events = config.private_relay.events;
  if (events.client_ids.empty()) {
    return fail(Code::config,
                "private_relay.events.client_ids: none; write the identifiers that Sign in with "
                "Apple knows this site by");
  }
  ICM_TRY(const std::string published, read_file(events.keys_file));
  auto keys = WebKeySet::parse(published);
  if (!keys) return fail_at(events.keys_file, keys.error());
  ICM_TRY(Subjects subjects, read_subjects(options.subjects));
  ICM_TRY(RelayEventJournal journal, RelayEventJournal::open(events.journal, lock_deadline()));
  auto book = open_book(config.store, Missing::refuse, lock_deadline(), credentials_directory());
  if (!book) return tl::make_unexpected(book.error());
  Importer importer(events, *std::move(keys), std::move(subjects), std::move(journal),
                    *std::move(book));
  RelayEventReader reader(
      [&](std::uint64_t line, const Result<std::string>& token) { importer.take(line, token); });
  ICM_CHECK(read_octets(options.file, [&](std::string_view chunk) {
    reader.feed(chunk);
    return true;
  }));
  reader.finish();
  return importer.finish();
}

Exit import_events(const RelayEventOptions& options) {
  const Result<Exit> done = run(options);
  if (done) return *done;
  // It is not the events that are at fault: they are to be kept.
  return complain(done.error().text, Exit::try_again);
}

}  // namespace

void add_relay_events(CLI::App& app, Chosen& chosen) {
  CLI::App* events = app.add_subcommand(
      "relay-events", "Takes what Apple tells of people who signed in with Apple.");
  events->require_subcommand(1);
  const auto options = std::make_shared<RelayEventOptions>();
  CLI::App* taking = events->add_subcommand(
      "import", "Reads signed notifications, and closes or opens relay addresses.");
  taking
      ->add_option("FILE", options->file,
                   "What Apple sent, one behind the other: {\"payload\":\"TOKEN\"}, or the token "
                   "alone on a line. Default: -, standard input.")
      ->option_text(" ");
  taking
      ->add_option("--subjects", options->subjects,
                   "Lines of SUBJECT,ADDRESS: the site's own table of who signed in. Apple names "
                   "no address with consent-revoked and account-delete.")
      ->option_text("FILE");
  taking->add_option("--config", options->config, std::string(config_option_help))
      ->option_text("FILE");
  taking->footer(
      "email-disabled closes the address until email-enabled; consent-revoked and account-delete "
      "close it for good. Each event is applied once, and none over a later one. Exit status: 0 "
      "done, 1 some events are not to be believed or lack something (the others are applied), 2 a "
      "mistake on the command line, 75 nothing could be looked at, or the store is away: import "
      "the "
      "same again.");
  taking->callback([&chosen, options] { chosen = [options] { return import_events(*options); }; });
}

}  // namespace icm::ctl
