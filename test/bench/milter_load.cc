// SPDX-License-Identifier: Apache-2.0
//
// milter_load: how many messages a second a filter takes. Plays a mail server with a number of
// connections, each sending one message after the other, and prints one JSON line: messages,
// seconds, rate, latency, what the filter answered and inserted, and its memory and processor time.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "policy/base/result.h"
#include "test/support/milter_client_mail.h"
#include "test/support/scenario_text.h"
#include "test/support/signed_mail.h"

namespace icm {
namespace {

using SteadyTime = std::chrono::steady_clock;

struct Options {
  std::string milter;
  int connections = 1;
  double seconds = 2;
  double warm_up = 0.2;
  std::uint64_t messages = 0;  // 0: as many as fit into `seconds`
  std::size_t size = 4096;
  std::vector<std::string> recipients = {"someone@icloud.com"};
  std::string daemon_name = "ICLOUD-GATE";
  int per_connection = 0;  // 0: all messages of a connection through the same one
  int pid = 0;
  std::string key_file;             // signs with s=bench d=shop.example; empty: unsigned
  bool alter = false;               // after it was signed
  std::vector<std::string> fields;  // "Name: body", put on top after signing
  std::string client = "127.0.0.1";
};

// What one connection saw.
struct Tally {
  std::uint64_t messages = 0;
  std::map<std::string, std::uint64_t> answers;
  std::vector<float> milliseconds;
  std::vector<std::string> inserted;  // what the filter wants put into the last message
  std::string error;
};

// A message that nobody can object to: a notice to one person, well formed, `size` octets of body.
MilterMail message_of(const Options& options) {
  MilterMail mail;
  mail.mail = {"<service@shop.example>", fmt::format("SIZE={}", options.size + 1000)};
  for (const std::string& recipient : options.recipients)
    mail.recipients.push_back({"<" + recipient + ">"});
  const std::time_t now = std::time(nullptr);
  mail.fields = {
      {"Received",
       " from app.shop.example (app.shop.example [192.0.2.7])\n\tby mx.shop.example "
       "(Postfix) with ESMTPSA id 4XyZ123456\n\tfor <someone@icloud.com>; Sat, 21 Nov 2026 "
       "08:15:30 +0000 (UTC)"},
      {"From", " Shop <service@shop.example>"},
      {"To", " someone@icloud.com"},
      {"Subject", " Your order 1042 is on its way"},
      {"Date", fmt::format(" {:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(now))},
      {"MIME-Version", " 1.0"},
      {"Content-Type", " text/plain; charset=utf-8"},
      {"Content-Transfer-Encoding", " 7bit"},
      {"Reply-To", " service@shop.example"},
      {"X-Mailer", " shop 3.2"},
      {"Organization", " The Shop"},
      {"Content-Language", " en"},
      {"X-Order", " 1042"},
      {"References", " <1@shop.example>"},
      {"Message-ID", " <0@shop.example>"},
  };
  const std::string line =
      "The quick brown fox jumps over the lazy dog and comes back for its hat.\r\n";
  while (mail.body.size() + line.size() <= options.size) mail.body += line;
  if (!options.key_file.empty()) {
    const auto pem = read_text_file(options.key_file);
    const auto key = PrivateKey::from_pem(pem.value_or(""));
    if (!key) throw std::runtime_error(options.key_file + ": " + key.error().text);
    mail.fields.insert(mail.fields.begin(),
                       {"DKIM-Signature", dkim_signature(mail, *key, "shop.example", "bench")});
  }
  for (const std::string& field : options.fields) {
    const std::size_t colon = field.find(':');
    if (colon == std::string::npos) throw std::runtime_error(field + ": expected Name: body");
    mail.fields.insert(mail.fields.begin(), {field.substr(0, colon), field.substr(colon + 1)});
  }
  if (options.alter) mail.body += "P.S. This was not signed.\r\n";
  return mail;
}

class Driver {
 public:
  explicit Driver(const Options& options) : options_(options), mail_(message_of(options)) {}

  // Runs all connections until the time is up or the messages are sent.
  std::vector<Tally> run(double seconds, std::uint64_t messages) {
    end_ = SteadyTime::now() +
           std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(seconds));
    tickets_ = messages == 0 ? ~std::uint64_t{0} : messages;
    std::vector<Tally> tallies(static_cast<std::size_t>(options_.connections));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < tallies.size(); ++i) {
      threads.emplace_back([this, i, &tally = tallies[i]] {
        const Status done = converse(i, tally);
        if (!done) tally.error = done.error().text;
      });
    }
    threads.clear();
    return tallies;
  }

 private:
  bool take_ticket() {
    if (SteadyTime::now() >= end_) return false;
    std::uint64_t left = tickets_.load();
    while (left > 0 && !tickets_.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
  }

  Status converse(std::size_t connection, Tally& tally) {
    MilterMail mail = mail_;
    bool more = take_ticket();
    while (more) {
      ICM_TRY(MilterClient client, MilterClient::open(options_.milter));
      client.define("{daemon_name}", options_.daemon_name);
      client.define("j", "mx.shop.example");
      ICM_TRY(const MilterAnswer on_connect, client.connect({.address = options_.client}));
      ICM_TRY(const MilterAnswer on_helo, client.helo("mx.shop.example"));
      if (on_connect.is_final() || on_helo.is_final())
        return fail(Code::permanent, "refused at connect");
      for (int sent = 0; more && (options_.per_connection == 0 || sent < options_.per_connection);
           ++sent) {
        ICM_CHECK(send_one(client, mail, fmt::format("{}.{}", connection, tally.messages), tally));
        more = take_ticket();
      }
      ICM_CHECK(client.quit());
    }
    return {};
  }

  static Status send_one(MilterClient& client, MilterMail& mail, const std::string& id,
                         Tally& tally) {
    mail.queue_id = "4" + id;
    mail.fields.back().second = fmt::format(" <{}@shop.example>", id);
    const auto begin = SteadyTime::now();
    ICM_TRY(const MilterOutcome outcome, send_mail(client, mail));
    const std::chrono::duration<float, std::milli> took = SteadyTime::now() - begin;
    tally.milliseconds.push_back(took.count());
    ++tally.messages;
    std::string answer =
        fmt::format("{} at {}", to_string(outcome.answer.kind), to_string(outcome.stage));
    if (!outcome.answer.text.empty()) answer += ": " + outcome.answer.text;
    ++tally.answers[answer];
    tally.inserted.clear();
    for (const MilterChange& change : outcome.changes) {
      if (change.kind == MilterChange::Kind::insert_header ||
          change.kind == MilterChange::Kind::add_header)
        tally.inserted.push_back(change.name + ": " + change.value);
    }
    return {};
  }

  const Options& options_;
  const MilterMail mail_;
  SteadyTime::time_point end_;
  std::atomic<std::uint64_t> tickets_ = 0;
};

// A figure of /proc/PID/status in KiB, such as VmRSS; 0 when there is none.
long memory_of(int pid, std::string_view figure) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(figure) && line.size() > figure.size() && line[figure.size()] == ':') {
      return std::strtol(line.c_str() + figure.size() + 1, nullptr, 10);
    }
  }
  return 0;
}

// Seconds of processor time a process has used, all its threads together; 0 when there is none.
double processor_time_of(int pid) {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(stat, text);
  // The name may hold blanks: counted is from the parenthesis that ends it. Fields 14 and 15 are
  // user and system time.
  std::istringstream words(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string word;
  double ticks = 0;
  for (int field = 3; field <= 15 && words >> word; ++field) {
    if (field >= 14) ticks += std::strtod(word.c_str(), nullptr);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double percentile(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return static_cast<double>(sorted[index]);
}

nlohmann::json report(const Options& options, const std::vector<Tally>& tallies, double seconds,
                      double processor_seconds) {
  Tally all;
  for (const Tally& tally : tallies) {
    all.messages += tally.messages;
    for (const auto& [answer, count] : tally.answers) all.answers[answer] += count;
    all.milliseconds.insert(all.milliseconds.end(), tally.milliseconds.begin(),
                            tally.milliseconds.end());
    if (all.inserted.empty()) all.inserted = tally.inserted;
    if (all.error.empty()) all.error = tally.error;
  }
  std::sort(all.milliseconds.begin(), all.milliseconds.end());
  return {{"connections", options.connections},
          {"size", options.size},
          {"messages", all.messages},
          {"seconds", seconds},
          {"rate", static_cast<double>(all.messages) / seconds},
          {"cpu_us",
           all.messages == 0 ? 0 : processor_seconds * 1e6 / static_cast<double>(all.messages)},
          {"ms_p50", percentile(all.milliseconds, 0.50)},
          {"ms_p99", percentile(all.milliseconds, 0.99)},
          {"ms_max", percentile(all.milliseconds, 1)},
          {"answers", all.answers},
          {"inserted", all.inserted},
          {"rss_kib", memory_of(options.pid, "VmRSS")},
          {"peak_rss_kib", memory_of(options.pid, "VmHWM")},
          {"error", all.error}};
}

int run(const Options& options) {
  Driver driver(options);
  if (options.warm_up > 0) driver.run(options.warm_up, 0);
  const double used_before = processor_time_of(options.pid);
  const auto begin = SteadyTime::now();
  const std::vector<Tally> tallies =
      driver.run(options.messages > 0 ? 600 : options.seconds, options.messages);
  const std::chrono::duration<double> took = SteadyTime::now() - begin;
  const nlohmann::json line =
      report(options, tallies, took.count(), processor_time_of(options.pid) - used_before);
  fmt::print("{}\n", line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  return line["error"] == "" && line["messages"] > 0 ? 0 : 1;
}

}  // namespace
}  // namespace icm

int main(int argc, char** argv) {
  icm::Options options;
  CLI::App app("Measures how many messages a second a milter takes.");
  app.add_option("--milter", options.milter, "unix:PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS")
      ->required();
  app.add_option("-c,--connections", options.connections, "Connections at the same time")
      ->check(CLI::Range(1, 4096));
  app.add_option("-t,--seconds", options.seconds, "How long to measure")
      ->check(CLI::Range(0.1, 600.0));
  app.add_option("--warm-up", options.warm_up, "Seconds before the measurement")
      ->check(CLI::Range(0.0, 60.0));
  app.add_option("-n,--messages", options.messages, "Stop after so many messages instead");
  app.add_option("--size", options.size, "Octets of body")->check(CLI::Range(0, 1 << 30));
  app.add_option("--recipient", options.recipients, "RCPT, once for each");
  app.add_option("--daemon-name", options.daemon_name, "Macro {daemon_name}");
  app.add_option("--per-connection", options.per_connection,
                 "Messages before a new connection; 0: never");
  app.add_option("--key", options.key_file,
                 "RSA key in PEM: messages are signed with s=bench d=shop.example");
  app.add_flag("--alter", options.alter, "Change messages after they were signed");
  app.add_option("--field", options.fields, "Name: body, put on top of each message, not signed");
  app.add_option("--client", options.client, "IPv4 address of who is connected to the mail server");
  app.add_option("--pid", options.pid, "Process of the filter, for its memory and processor time");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  return icm::run(options);
}
