// SPDX-License-Identifier: Apache-2.0
//
// LogWriter: the daemon's Log. A thread of its own writes, so that judging mail waits for no disk
// and no syslogd.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "milter/decision_file.h"
#include "milter/log.h"
#include "policy/base/clock.h"
#include "policy/config/config.h"

namespace icm {

// Where lines for people go, once the configuration's `automatic` is resolved.
enum class LineDestination {
  terminal,  // standard error, read by a person: time and words
  journal,   // standard error, read by journald: "<6>" and words (sd-daemon(3)); it knows the time
  syslog,
};

// `automatic` is the journal or terminal when standard error is one, else syslog.
// `journal_stream` is the environment's JOURNAL_STREAM (systemd.exec(5)), empty when unset.
LineDestination line_destination(LogDestination configured, std::string_view journal_stream);

// One line for people about one decision goes to syslog or standard error, one JSON line to the
// decision log. What cannot be written is counted and told once a minute; no mail waits for it
// longer than `patience`.
class LogWriter final : public Log {
 public:
  struct Limits {
    std::size_t queue = 8192;                     // entries waiting for the disk
    std::chrono::milliseconds patience{200};      // how long a caller waits for room in the queue
    std::chrono::milliseconds gather{5};          // lines of this span are written together
    std::chrono::seconds complaint_interval{60};  // between two complaints about the disk
    std::chrono::milliseconds stuck{5000};        // how long flush() and reopen() wait for a sink
  };

  // The Error says which file cannot be opened.
  [[nodiscard]] static Result<std::unique_ptr<LogWriter>> open(const LogConfig& config,
                                                               LineDestination destination,
                                                               const Clock& clock, Limits limits);
  [[nodiscard]] static Result<std::unique_ptr<LogWriter>> open(const LogConfig& config,
                                                               LineDestination destination,
                                                               const Clock& clock);

  // Writes what is queued, then ends the thread.
  ~LogWriter() override;
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void decision(Decision decision) override;
  void say(LogLevel level, std::string_view text) override;

  // Goes on with newly opened files (log rotation, another configuration). After an Error the old
  // ones stay in use. What was logged before lies in the old file. Code::temporary when a sink has
  // taken nothing for `Limits::stuck`.
  [[nodiscard]] Status reopen(const LogConfig& config, LineDestination destination);

  // Returns when all that was logged before has been written or given up, or after `Limits::stuck`.
  void flush();

 private:
  struct Sentence {
    LogLevel level;
    WallTime time;
    std::string text;
  };
  using Entry = std::variant<Decision, Sentence>;
  struct Sinks;

  LogWriter(std::unique_ptr<Sinks> sinks, const Clock& clock, Limits limits);
  void enqueue(Entry entry);
  void run();
  void write(const std::vector<Entry>& batch, std::uint64_t dropped);

  const Clock& clock_;
  const Limits limits_;

  std::mutex mutex_;
  std::condition_variable wake_;     // for the writing thread, when it sleeps
  std::condition_variable written_;  // for those who wait for room or for flush()
  std::vector<Entry> queue_;
  std::uint64_t dropped_ = 0;
  std::uint64_t taken_ = 0;  // batches begun and ended, for flush()
  std::uint64_t done_ = 0;
  bool sleeps_ = false;
  bool stops_ = false;

  std::mutex sinks_mutex_;  // held while a batch is written, and by reopen()
  std::unique_ptr<Sinks> sinks_;
  std::thread thread_;
};

}  // namespace icm
