// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_in_process.h"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>

#include "milter/decision.h"
#include "milter/log.h"
#include "milter/mta.h"
#include "milter/reply_text.h"
#include "milter/session.h"
#include "milter/world.h"
#include "policy/config/config_reader.h"
#include "policy/dns/zone_resolver.h"
#include "policy/store/sqlite_ledger.h"
#include "policy/store/sqlite_store.h"
#include "test/support/scenario_conversation.h"
#include "test/support/scenario_world.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

// Keeps every decision in both its forms.
class TranscriptLog final : public Log {
 public:
  explicit TranscriptLog(ScenarioTranscript& transcript) : transcript_(transcript) {}
  void decision(Decision decision) override {
    transcript_.decisions.push_back(to_json(decision));
    transcript_.lines.push_back(to_line(decision));
  }
  void say(LogLevel, std::string_view) override {}

 private:
  ScenarioTranscript& transcript_;
};

// A mail server that writes down what it is asked for, in the words of the milter protocol.
class TranscriptMta final : public Mta {
 public:
  TranscriptMta(ScenarioRun& run, const ScenarioFaults& faults, MilterEnd& end)
      : run_(run), faults_(faults), end_(end) {}

  bool insert_header(int index, std::string_view name, std::string_view value) override {
    return record({.kind = MilterChange::Kind::insert_header,
                   .index = static_cast<std::uint32_t>(index),
                   .name = std::string(name),
                   .value = " " + std::string(value)});
  }
  bool remove_header(std::string_view name, int occurrence) override {
    return record({.kind = MilterChange::Kind::change_header,
                   .index = static_cast<std::uint32_t>(occurrence),
                   .name = std::string(name),
                   .value = {}});
  }
  bool quarantine(std::string_view reason) override {
    return record(
        {.kind = MilterChange::Kind::quarantine, .name = {}, .value = std::string(reason)});
  }
  bool delete_recipient(std::string_view recipient) override {
    return record({.kind = MilterChange::Kind::delete_recipient,
                   .name = std::string(recipient),
                   .value = {}});
  }
  void progress() override { ++end_.progress; }

 private:
  bool record(MilterChange change) {
    ++run_.changes;
    if (faults_.changes_from > 0 && run_.changes >= faults_.changes_from) return false;
    end_.changes.push_back(std::move(change));
    return true;
  }

  ScenarioRun& run_;
  const ScenarioFaults& faults_;
  MilterEnd& end_;
};

// The suppression list in its file, until the lookup that shall fail.
class FaultyList final : public SuppressionList {
 public:
  FaultyList(std::unique_ptr<SuppressionList> list, std::shared_ptr<std::atomic<int>> lookups,
             int fails_from)
      : list_(std::move(list)), lookups_(std::move(lookups)), fails_from_(fails_from) {}

  Result<std::vector<Suppression>> find(const Mailbox& mailbox,
                                        const std::vector<std::string>& scopes, bool siblings,
                                        WallTime now, Deadline deadline) const override {
    const int lookup = ++*lookups_;
    if (fails_from_ > 0 && lookup >= fails_from_)
      return fail(Code::temporary, "the lookup was made to fail");
    return list_->find(mailbox, scopes, siblings, now, deadline);
  }

 private:
  std::unique_ptr<SuppressionList> list_;
  std::shared_ptr<std::atomic<int>> lookups_;
  int fails_from_;
};

// A Session behind the interface of a filter: what milter/callbacks is to libmilter.
class SessionFilter final : public MailFilter {
 public:
  SessionFilter(SessionContext context, ScenarioRun& run, const ScenarioFaults& faults)
      : session_(context), run_(run), faults_(faults) {}

  void define(std::string_view macro, std::string_view value) override {
    macros_.insert_or_assign(std::string(macro), std::string(value));
  }

  Result<MilterAnswer> connect(const MilterPeer& peer) override {
    Session::Peer known{.name = peer.name, .address = {}, .port = 1};
    if (peer.family == '4' || peer.family == '6') {
      ICM_TRY(known.address, IpAddress::parse(peer.address));
      known.port = peer.port;
    }
    session_.connect(known, macros_["{daemon_name}"]);
    return MilterAnswer{};
  }
  Result<MilterAnswer> helo(std::string_view name) override {
    session_.helo(name);
    return MilterAnswer{};
  }
  Result<MilterAnswer> mail(const std::vector<std::string>& arguments) override {
    session_.mail(views(arguments), macros_["{auth_authen}"]);
    return MilterAnswer{};
  }
  Result<MilterAnswer> rcpt(const std::vector<std::string>& arguments) override {
    return on_wire(session_.rcpt(views(arguments), macros_["i"]));
  }
  Result<MilterAnswer> data() override { return on_wire(session_.data(macros_["i"])); }
  Result<MilterAnswer> header(std::string_view name, std::string_view value) override {
    session_.header(name, value);
    return MilterAnswer{};
  }
  Result<MilterAnswer> end_of_header() override {
    session_.end_of_header();
    return MilterAnswer{};
  }
  Result<MilterAnswer> body(std::string_view octets) override {
    while (!octets.empty() && !session_.body_is_settled()) {
      session_.body(octets.substr(0, milter_wire::longest_chunk));
      octets.remove_prefix(std::min<std::size_t>(octets.size(), milter_wire::longest_chunk));
    }
    return MilterAnswer{};
  }
  Result<MilterEnd> end_of_message() override {
    MilterEnd end;
    TranscriptMta mta(run_, faults_, end);
    end.answer = on_wire(session_.end_of_message(macros_["i"], mta));
    return end;
  }
  Status abort() override {
    session_.abort();
    return {};
  }

 private:
  static std::vector<std::string_view> views(const std::vector<std::string>& arguments) {
    return {arguments.begin(), arguments.end()};
  }

  static MilterAnswer on_wire(const Answer& answer) {
    switch (answer.kind) {
      case Answer::Kind::go_on:
        return {.kind = MilterAnswer::Kind::go_on, .text = {}};
      case Answer::Kind::let_go:
        return {.kind = MilterAnswer::Kind::accept, .text = {}};
      case Answer::Kind::refuse:
        return {.kind = MilterAnswer::Kind::reply, .text = to_string(answer.reply)};
    }
    return {};
  }

  Session session_;
  std::map<std::string, std::string, std::less<>> macros_;
  ScenarioRun& run_;
  const ScenarioFaults& faults_;
};

Result<Config> read(const Scenario& scenario, const ScenarioFiles& files, WallTime now) {
  const ConfigResult config = read_config_text("milter.conf of " + scenario.file,
                                               config_of(scenario, files, "unix:/nowhere"), now);
  if (!config) return fail(Code::config, report(config.error()));
  return config->config;
}

}  // namespace

Result<ScenarioRun> run_in_process(const Scenario& scenario, WallTime now,
                                   const ScenarioFaults& faults) {
  const TemporaryDirectory directory;
  const ScenarioFiles files(directory.path());
  ICM_CHECK(fill_store(scenario, files, now));
  ICM_TRY(Config config, read(scenario, files, now));
  ICM_TRY(auto list, SqliteSuppressionList::open(files.store, Missing::refuse,
                                                 Deadline::in(std::chrono::seconds{5})));
  ICM_TRY(auto ledger, SqliteLedger::open(files.store, Deadline::in(std::chrono::seconds{5})));
  ICM_TRY(ZoneResolver zone, ZoneResolver::parse(zone_json(scenario)));
  const auto lookups = std::make_shared<std::atomic<int>>(0);
  Slots slots(config.limits.concurrent_judgements);
  CurrentWorld world(
      World::over(std::move(config),
                  std::make_unique<FaultyList>(std::move(list), lookups, faults.lookups_from),
                  std::make_unique<ZoneResolver>(std::move(zone)), SealingKeys(), World::Host::ours,
                  nullptr, std::move(ledger)));
  if (scenario.store_is_broken) ICM_CHECK(break_store(files));
  ScenarioRun run;
  TranscriptLog log(run.transcript);
  const FixedClock clock(now);
  Mailings mailings;
  const SessionContext context{
      .world = world, .log = log, .clock = clock, .slots = slots, .mailings = &mailings};
  for (const ScenarioConnection& connection : scenario.connections) {
    SessionFilter filter(context, run, faults);
    ICM_CHECK(converse(connection, filter, run.transcript.connections.emplace_back()));
  }
  run.lookups = *lookups;
  return run;
}

}  // namespace icm
