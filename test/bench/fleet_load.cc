// SPDX-License-Identifier: Apache-2.0
//
// One host of a fleet whose suppression list is in Redis: it either suppresses addresses, one after
// the other, or waits for each of them to be seen. Prints the time of each as one JSON array, in
// nanoseconds of a clock that both have in common.
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "policy/store/stores.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock;

struct Options {
  std::string server;
  std::string directory;
  int addresses = 100;
};

std::int64_t nanoseconds() { return Time::now().time_since_epoch().count(); }

std::string address(int number) { return fmt::format("fleet{}@icloud.com", number); }

Result<StoreConfig> config_of(const Options& options) {
  StoreConfig config;
  config.kind = StoreKind::redis;
  config.path = options.directory + "/store.db";
  ICM_TRY(const RedisAddress server, RedisAddress::parse(options.server));
  config.redis.servers = {server};
  return config;
}

// At no pace that the other side could have, too.
Result<nlohmann::json> suppress(const Options& options) {
  ICM_TRY(const StoreConfig config, config_of(options));
  ICM_TRY(const auto book, open_book(config, Missing::refuse, Deadline::in(10s)));
  std::mt19937 random(1);
  nlohmann::json times;
  for (int i = 0; i < options.addresses; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + random() % 200));
    const WallTime now = SystemClock().now();
    book->wait_until(Deadline::in(10s));
    ICM_CHECK(book->add({.address = address(i),
                         .scope = "global",
                         .reason = SuppressionReason::unsubscribe,
                         .source = "bench",
                         .note = {},
                         .created = now,
                         .expires = {}},
                        {.kind = Deed::Kind::add, .who = "bench", .at = now, .why = {}}));
    times.push_back(nanoseconds());
  }
  return times;
}

Result<nlohmann::json> await(const Options& options) {
  ICM_TRY(const StoreConfig config, config_of(options));
  ICM_CHECK(make_store(config, Deadline::in(10s)));
  ICM_TRY(const auto list, open_snapshot_list(config, Deadline::in(10s)));
  list->begin([](const StoreNotice&) {});
  while (!list->is_current()) std::this_thread::sleep_for(1ms);
  std::puts("ready");
  std::fflush(stdout);
  nlohmann::json times;
  for (int i = 0; i < options.addresses; ++i) {
    const Mailbox mailbox = *Mailbox::parse(address(i));
    for (;;) {
      ICM_TRY(const auto found,
              list->find(mailbox, {}, true, SystemClock().now(), Deadline::in(10s)));
      if (!found.empty()) break;
      std::this_thread::sleep_for(100us);
    }
    times.push_back(nanoseconds());
  }
  list->end();
  return times;
}

int show(const Result<nlohmann::json>& times) {
  if (times) {
    std::puts(times->dump().c_str());
    return 0;
  }
  std::fprintf(stderr, "%s\n", times.error().text.c_str());
  return 1;
}

}  // namespace
}  // namespace icm

int main(int argc, char** argv) {
  icm::Options options;
  CLI::App app("Suppresses addresses on one host, or waits for them on another.");
  app.add_option("--server", options.server, "Redis, as store.redis.servers has it")->required();
  app.add_option("--directory", options.directory, "what this host keeps for itself")->required();
  app.add_option("--addresses", options.addresses, "how many");
  CLI::App& suppressing = *app.add_subcommand("suppress", "Adds them to the list.");
  app.add_subcommand("await", "Makes the list, says \"ready\", and asks for them.");
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  return icm::show(suppressing.parsed() ? icm::suppress(options) : icm::await(options));
}
