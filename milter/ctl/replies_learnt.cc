// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/replies_learnt.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/log_filter.h"
#include "milter/ctl/replies_print.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"
#include "policy/learning/address_hits.h"
#include "policy/learning/own_mail.h"
#include "policy/learning/reply_samples.h"
#include "policy/replies/reply_table_file.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

constexpr int most_samples = 50;

struct LearntOptions {
  std::string config;
  std::string since = "1d";
  std::string what;
  bool json = false;
};

struct Place {
  Config config;
  ReplyTable table;
  ReplyBook book;
};

Result<Place> open_place(const std::string& path, Database::Access access) {
  ICM_TRY(Config config, load_configuration(path));
  ICM_TRY(ReplyTable table, load_reply_table(config.replies.table));
  ICM_TRY(ReplyBook book,
          ReplyBook::open(config.replies.book, access, Missing::refuse, lock_deadline()));
  return Place{std::move(config), std::move(table), std::move(book)};
}

Exit exit_of(const Status& done) { return done ? Exit::done : complain_about(done.error()); }

Status summary(const LearntOptions& options) {
  const WallTime now = now_in_seconds();
  const auto since = parse_moment(options.since, now);
  if (!since) return fail_at("since", since.error());
  ICM_TRY(Place place, open_place(options.config, Database::Access::read));
  LearntSummary learnt;
  learnt.mode = place.config.replies.mode;
  learnt.since = *since;
  learnt.now = now;
  ICM_TRY(learnt.answers, answers_since(place.book, *since));
  ICM_TRY(learnt.openings, breaker_openings(place.book));
  ICM_TRY(learnt.ways, all_ways(place.book));
  ICM_TRY(learnt.alerts, all_alerts(place.book));
  ICM_TRY(learnt.owed, owed_hits(place.book));
  ICM_TRY(const auto samples, reply_samples(place.book, most_samples));
  for (const ReplySample& one : samples) learnt.samples += one.last >= *since ? 1 : 0;
  const std::string text = options.json ? summary_json(learnt, place.table) + "\n"
                                        : summary_text(learnt, place.table, Terminal::of(stdout));
  fmt::print("{}", text);
  return {};
}

// Of an address: what is held against it.
Result<bool> show_address(Place& place, const std::string& address, bool json) {
  ICM_TRY(const Mailbox mailbox, Mailbox::parse(address));
  ICM_TRY(const AddressForms forms, address_forms(place.config.store, credentials_directory()));
  ICM_TRY(const std::vector<AddressHit> hits, hits_of(place.book, forms.stored(mailbox.key())));
  if (json) {
    fmt::print("{}", hits_json(hits));
  } else if (hits.empty()) {
    fmt::print("{}: nothing is held against it\n", clean(mailbox.key()));
  } else {
    fmt::print("{}", hits_text(hits, Terminal::of(stdout)));
  }
  return !hits.empty();
}

Result<bool> show_samples(Place& place, bool json) {
  ICM_TRY(const std::vector<ReplySample> samples, reply_samples(place.book, most_samples));
  if (json) {
    fmt::print("{}", samples_json(samples));
  } else if (samples.empty()) {
    fmt::print("Every answer so far is known.\n");
  } else {
    fmt::print("{}", samples_text(samples, Terminal::of(stdout)));
  }
  return true;
}

// Of an entry: the alerts as they were told, and when an outage of it was suspected.
Result<bool> show_entry(Place& place, const ReplyEntry& entry, bool json) {
  ICM_TRY(const std::vector<Alert> alerts, all_alerts(place.book));
  ICM_TRY(const std::vector<BreakerOpening> openings, breaker_openings(place.book));
  const OwnMail own(place.config);
  bool is_found = false;
  for (const Alert& alert : alerts) {
    if (alert.entry != entry.id) continue;
    const AlertText text =
        alert_text(alert, entry, place.config.replies.postmaster, own.addresses());
    const std::string between = is_found && !json ? "\n" : "";
    is_found = true;
    fmt::print("{}{}", between, json ? alert_json(alert) : text.body);
  }
  for (const BreakerOpening& one : openings) {
    if (one.entry != entry.id) continue;
    is_found = true;
    fmt::print("{}", json ? opening_json(one) : opening_text(one) + "\n");
  }
  if (!is_found && !json) {
    fmt::print("{}: nothing to tell; icloud-milterctl replies explain {} says what it means\n",
               entry.id, entry.id);
  }
  return is_found;
}

Result<bool> show_what(const LearntOptions& options) {
  ICM_TRY(Place place, open_place(options.config, Database::Access::read));
  if (options.what == "unknown") return show_samples(place, options.json);
  if (options.what.find('@') != std::string::npos) {
    return show_address(place, options.what, options.json);
  }
  const ReplyEntry* const entry = place.table.find(options.what);
  if (entry == nullptr) {
    return fail(Code::syntax,
                fmt::format("expected an address, an entry of the reply table, or unknown, got "
                            "\"{}\"",
                            for_log(options.what)));
  }
  return show_entry(place, *entry, options.json);
}

Exit show(const LearntOptions& options) {
  const Result<bool> is_found = show_what(options);
  if (!is_found) return complain_about(is_found.error());
  return *is_found ? Exit::done : Exit::refused;
}

// The list first: what is forgotten here is what would bring an entry back.
Status undo(const SuppressOptions& options) {
  const WallTime now = now_in_seconds();
  ICM_TRY(const Batch batch, read_batch(options, now));
  ICM_TRY(Place place, open_place(options.config, Database::Access::write));
  ICM_TRY(const UndoCount count, undo_batch(options, batch, now));
  std::int64_t hits = 0;
  if (options.dry_run) {
    ICM_TRY(hits, count_hits(place.book, batch.pattern, batch.since, batch.until));
  } else {
    ICM_CHECK(place.book.begin(lock_deadline()));
    ICM_TRY(hits, forget_hits(place.book, batch.pattern, batch.since, batch.until));
    ICM_CHECK(place.book.commit());
  }
  fmt::print("{}what these answers count for {} address{} is forgotten\n",
             options.dry_run ? "nothing was changed; it would be: " : "",
             grouped(static_cast<std::uint64_t>(hits)), hits == 1 ? "" : "es");
  say_what_follows(options, batch, count);
  return {};
}

void add_config(CLI::App& command, std::string& config) {
  command.add_option("--config", config, std::string(config_option_help))->option_text("FILE");
}

void add_summary(CLI::App& replies, Chosen& chosen) {
  CLI::App* const command = replies.add_subcommand(
      "summary", "What Apple answered of late, and what follows from it now.");
  const auto options = std::make_shared<LearntOptions>();
  command->add_option("--since", options->since, "From when on: 1h, 7d or a time. Default: 1d.")
      ->option_text("TIME");
  command->add_flag("--json", options->json, "As one JSON object.");
  add_config(*command, options->config);
  command->callback(
      [options, &chosen] { chosen = [options] { return exit_of(summary(*options)); }; });
}

void add_show(CLI::App& replies, Chosen& chosen) {
  CLI::App* const command = replies.add_subcommand(
      "show",
      "What was learnt about an address; what was told of an entry, with a letter to Apple's "
      "postmaster; or the answers that no entry explains.");
  const auto options = std::make_shared<LearntOptions>();
  command->add_option("WHAT", options->what, "An address, an entry's id, or unknown. Required.")
      ->required()
      ->option_text(" ");
  command->add_flag("--json", options->json, "One JSON object for each.");
  add_config(*command, options->config);
  command->footer(
      "Exit status: 0 shown, 1 there is nothing, 2 usage.\n"
      "Examples:\n"
      "  icloud-milterctl replies show hcm2-ip-rejected\n"
      "  icloud-milterctl replies show bob@icloud.com\n"
      "  icloud-milterctl replies show unknown");
  command->callback([options, &chosen] { chosen = [options] { return show(*options); }; });
}

void add_undo(CLI::App& replies, Chosen& chosen) {
  CLI::App* const command = replies.add_subcommand(
      "undo",
      "Takes back what answers of one kind led to, as after an outage: entries that they added are "
      "removed, what stood before stands again, and they count for nothing any more.");
  const auto options = std::make_shared<SuppressOptions>();
  command->add_option("--pattern", options->pattern, "The entry of the reply table. Required.")
      ->option_text("ID")
      ->required();
  command->add_option("--since", options->since, "When the outage began. Required.")
      ->option_text("TIME")
      ->required();
  command->add_option("--until", options->until, "Before when it ended. Default: now.")
      ->option_text("TIME");
  command->add_option("--because", options->because, "Why; kept in the history. Required.")
      ->option_text("TEXT")
      ->required();
  command->add_flag("--dry-run", options->dry_run, "Only says what would be done.");
  add_config(*command, options->config);
  command->footer(
      "Example:\n"
      "  icloud-milterctl replies undo --pattern address-does-not-exist\n"
      "    --since 2026-11-20T08:00:00Z --until 2026-11-20T11:30:00Z --because \"Apple's outage\"");
  command->callback([options, &chosen] { chosen = [options] { return exit_of(undo(*options)); }; });
}

}  // namespace

void add_learnt_replies(CLI::App& replies, Chosen& chosen) {
  add_summary(replies, chosen);
  add_show(replies, chosen);
  add_undo(replies, chosen);
}

}  // namespace icm::ctl
