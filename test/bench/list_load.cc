// SPDX-License-Identifier: Apache-2.0
//
// Asks a suppression list as the daemon does, and prints what that took as one JSON object. The
// store holds uN@icloud.com for N from 0 up to --entries; addresses that are not listed are made up
// here. Times of lookups are without what it costs to look at the clock.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "policy/store/stores.h"

namespace icm {
namespace {

using Time = std::chrono::steady_clock;

struct Options {
  std::string store;
  std::uint64_t entries = 10000000;
  std::uint64_t lookups = 1000000;
  double seconds = 0;  // ask for so long instead, beside an import
};

double seconds_since(Time::time_point began) {
  return std::chrono::duration<double>(Time::now() - began).count();
}

// Octets, of a line of /proc/self/status: what is in memory now ("VmRSS:"), or was at most
// ("VmHWM:").
double resident(std::string_view line) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == line && file >> kib) return kib * 1024;
  }
  return 0;
}

// What two looks at the clock, one right after the other, are apart.
std::int64_t clock_cost() {
  std::vector<std::int64_t> costs;
  for (int i = 0; i < 100001; ++i) {
    const auto began = Time::now();
    costs.push_back((Time::now() - began).count());
  }
  std::ranges::nth_element(costs, costs.begin() + 50000);
  return costs[50000];
}

class Lookups {
 public:
  Lookups(const SnapshotSuppressionList& list, bool siblings) : list_(list), siblings_(siblings) {}

  void ask(const std::string& address, std::size_t expected) {
    const Mailbox mailbox = *Mailbox::parse(address);
    const auto began = Time::now();
    const auto found =
        list_.find(mailbox, {}, siblings_, now_, Deadline::in(std::chrono::seconds{5}));
    nanoseconds_.push_back(std::max<std::int64_t>((Time::now() - began).count() - clock_cost_, 0));
    if (!found || found->size() != expected) ++wrong_;
  }

  std::size_t count() const { return nanoseconds_.size(); }

  nlohmann::ordered_json json() {
    std::ranges::sort(nanoseconds_);
    const auto at = [&](double part) {
      return nanoseconds_[static_cast<std::size_t>(part *
                                                   static_cast<double>(nanoseconds_.size() - 1))];
    };
    return {{"lookups", nanoseconds_.size()},
            {"wrong", wrong_},
            {"p50_ns", at(0.5)},
            {"p99_ns", at(0.99)},
            {"p999_ns", at(0.999)},
            {"most_ns", at(1)}};
  }

 private:
  const SnapshotSuppressionList& list_;
  const bool siblings_;
  const WallTime now_ = SystemClock().now();
  const std::int64_t clock_cost_ = clock_cost();
  std::vector<std::int64_t> nanoseconds_;
  std::uint64_t wrong_ = 0;
};

// `address` of N: what the store holds, or what it does not.
template <class Address>
nlohmann::ordered_json measure(const SnapshotSuppressionList& list, bool siblings,
                               std::uint64_t lookups, std::uint64_t entries, std::size_t expected,
                               Address address) {
  std::mt19937_64 random(1);
  Lookups measured(list, siblings);
  for (std::uint64_t i = 0; i < lookups; ++i) measured.ask(address(random() % entries), expected);
  return measured.json();
}

// Asks about what is not listed for a while, one lookup after the other.
nlohmann::ordered_json measure_beside(const SnapshotSuppressionList& list, const Options& options) {
  std::mt19937_64 random(1);
  Lookups measured(list, true);
  const auto began = Time::now();
  std::uint64_t from_memory = 0;
  while (seconds_since(began) < options.seconds) {
    from_memory += list.is_current() ? 1 : 0;
    measured.ask(fmt::format("n{}@icloud.com", random() % options.entries), 0);
    if (measured.count() % 64 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  nlohmann::ordered_json json = measured.json();
  json["from_memory"] = static_cast<double>(from_memory) / static_cast<double>(measured.count());
  return json;
}

int run(const Options& options) {
  StoreConfig config;
  config.path = options.store;
  const double before = resident("VmRSS:");
  const auto began = Time::now();
  auto opened = open_snapshot_list(config, Deadline::in(std::chrono::seconds{30}));
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().text.c_str());
    return 1;
  }
  SnapshotSuppressionList& list = **opened;
  nlohmann::ordered_json json = {{"first_lookup_possible_s", seconds_since(began)}};
  list.begin([](const StoreNotice& notice) { std::fprintf(stderr, "%s\n", notice.text.c_str()); });
  while (!list.is_current()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  json["in_memory_s"] = seconds_since(began);
  const SnapshotState state = list.state();
  json["entries"] = state.entries;
  const auto entries = static_cast<double>(state.entries);
  json["octets_an_entry"] = static_cast<double>(state.memory) / entries;
  json["resident_octets_an_entry"] = (resident("VmRSS:") - before) / entries;
  json["peak_octets_an_entry"] = (resident("VmHWM:") - before) / entries;
  if (options.seconds > 0) {
    json["beside"] = measure_beside(list, options);
  } else {
    const auto unlisted = [](std::uint64_t n) { return fmt::format("n{}@icloud.com", n); };
    const auto listed = [](std::uint64_t n) { return fmt::format("u{}@icloud.com", n); };
    json["miss"] = measure(list, false, options.lookups, options.entries, 0, unlisted);
    json["miss_with_siblings"] = measure(list, true, options.lookups, options.entries, 0, unlisted);
    json["hit_in_store"] = measure(list, true, options.lookups / 20, options.entries, 1, listed);
  }
  const auto stopping = Time::now();
  list.end();
  json["end_s"] = seconds_since(stopping);
  std::printf("%s\n", json.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace icm

int main(int argc, char** argv) {
  icm::Options options;
  CLI::App app("Measures lookups in a suppression list with a snapshot in memory.");
  app.add_option("--store", options.store, "SQLite file")->required();
  app.add_option("--entries", options.entries, "how many addresses it holds");
  app.add_option("--lookups", options.lookups, "of each kind");
  app.add_option("--seconds", options.seconds,
                 "ask about unlisted addresses for so long, and nothing else");
  CLI11_PARSE(app, argc, argv);
  return icm::run(options);
}
