// SPDX-License-Identifier: Apache-2.0
#include "milter/log_writer.h"

#include <array>
#include <exception>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "policy/base/deadline.h"

namespace icm {
namespace {

struct Facility {
  std::string_view name;
  int code;
};

constexpr std::array facilities = {Facility{"mail", LOG_MAIL},     Facility{"daemon", LOG_DAEMON},
                                   Facility{"local0", LOG_LOCAL0}, Facility{"local1", LOG_LOCAL1},
                                   Facility{"local2", LOG_LOCAL2}, Facility{"local3", LOG_LOCAL3},
                                   Facility{"local4", LOG_LOCAL4}, Facility{"local5", LOG_LOCAL5},
                                   Facility{"local6", LOG_LOCAL6}, Facility{"local7", LOG_LOCAL7}};

Result<int> facility_code(std::string_view name) {
  for (const Facility& facility : facilities) {
    if (facility.name == name) return facility.code;
  }
  return fail(
      Code::config,
      fmt::format("log.facility: expected mail, daemon or local0 to local7, got \"{}\"", name));
}

int syslog_priority(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return LOG_INFO;
    case LogLevel::warning:
      return LOG_WARNING;
    case LogLevel::error:
      return LOG_ERR;
    case LogLevel::fatal:
    case LogLevel::panic:
      return LOG_CRIT;
  }
  return LOG_ERR;
}

// As Postfix writes it: the level in front, but for what is merely told.
std::string with_level(LogLevel level, std::string_view text) {
  if (level == LogLevel::info) return std::string(text);
  return fmt::format("{}: {}", to_string(level), text);
}

bool is_journal(std::string_view journal_stream) {
  struct stat status {};
  if (journal_stream.empty() || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return journal_stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody listens, and there is nowhere else to complain
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

LineDestination line_destination(LogDestination configured, std::string_view journal_stream) {
  if (configured == LogDestination::syslog) return LineDestination::syslog;
  if (is_journal(journal_stream)) return LineDestination::journal;
  if (configured == LogDestination::standard_error || ::isatty(STDERR_FILENO) == 1) {
    return LineDestination::terminal;
  }
  return LineDestination::syslog;
}

// What the writing thread writes to. Lines for people gather until put_out().
struct LogWriter::Sinks {
  LineDestination destination;
  int facility;
  DecisionFile file;
  std::string lines{};        // for standard error
  std::string json{};         // for the decision log
  std::uint64_t in_json = 0;  // decisions in `json`
  std::uint64_t lost = 0;     // decisions that are not in the file
  std::optional<WallTime> complained{};

  static Result<Sinks> open(const LogConfig& config, LineDestination destination) {
    ICM_TRY(const int facility, facility_code(config.facility));
    ICM_TRY(DecisionFile file, DecisionFile::open(config.decisions));
    // Keeps its first argument, so a literal; may be called again and again.
    if (destination == LineDestination::syslog) ::openlog("icloud-milter", LOG_PID, facility);
    return Sinks{destination, facility, std::move(file)};
  }

  void line(LogLevel level, WallTime time, std::string_view text) {
    switch (destination) {
      case LineDestination::terminal:
        fmt::format_to(std::back_inserter(lines), "{} {}\n", to_rfc3339(time),
                       with_level(level, text));
        break;
      case LineDestination::journal:
        fmt::format_to(std::back_inserter(lines), "<{}>{}\n", syslog_priority(level),
                       with_level(level, text));
        break;
      case LineDestination::syslog:
        ::syslog(facility | syslog_priority(level), "%s", with_level(level, text).c_str());
        break;
    }
  }

  void put_out(WallTime now, std::chrono::seconds complaint_interval) {
    const Status status = file.append(json);
    if (!status) {
      lost += in_json;
      if (!complained || now - *complained >= complaint_interval) {
        complained = now;
        line(LogLevel::error, now,
             fmt::format("{}; {} decisions are missing there", status.error().text, lost));
      }
    } else if (lost > 0 && in_json > 0) {
      line(LogLevel::warning, now,
           fmt::format("{} is written again; {} decisions are missing there", file.path(), lost));
      lost = 0;
      complained.reset();
    }
    json.clear();
    in_json = 0;
    write_stderr(lines);
    lines.clear();
  }
};

Result<std::unique_ptr<LogWriter>> LogWriter::open(const LogConfig& config,
                                                   LineDestination destination, const Clock& clock,
                                                   Limits limits) {
  ICM_TRY(Sinks sinks, Sinks::open(config, destination));
  return std::unique_ptr<LogWriter>(
      new LogWriter(std::make_unique<Sinks>(std::move(sinks)), clock, limits));
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(const LogConfig& config,
                                                   LineDestination destination,
                                                   const Clock& clock) {
  return open(config, destination, clock, Limits{});
}

LogWriter::LogWriter(std::unique_ptr<Sinks> sinks, const Clock& clock, Limits limits)
    : clock_(clock), limits_(limits), sinks_(std::move(sinks)), thread_([this] { run(); }) {}

LogWriter::~LogWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stops_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogWriter::decision(Decision decision) { enqueue(std::move(decision)); }

void LogWriter::say(LogLevel level, std::string_view text) {
  enqueue(Sentence{level, clock_.now(), std::string(text)});
}

void LogWriter::enqueue(Entry entry) {
  std::unique_lock lock(mutex_);
  const auto has_room = [this] { return queue_.size() < limits_.queue; };
  if (!has_room() && !written_.wait_for(lock, limits_.patience, has_room)) {
    ++dropped_;
    return;
  }
  queue_.push_back(std::move(entry));
  // A thread that gathers looks again by itself; waking it for each line would cost more than the
  // line does.
  const bool must_wake = sleeps_ || queue_.size() == limits_.queue / 2;
  sleeps_ = false;
  lock.unlock();
  if (must_wake) wake_.notify_one();
}

Status LogWriter::reopen(const LogConfig& config, LineDestination destination) {
  ICM_TRY(Sinks sinks, Sinks::open(config, destination));
  flush();
  // Not a timed mutex: ThreadSanitizer of gcc 12 does not see one being locked.
  const Deadline patience = Deadline::in(limits_.stuck);
  std::unique_lock lock(sinks_mutex_, std::try_to_lock);
  while (!lock && !patience.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    lock.try_lock();
  }
  if (!lock) {
    return fail(Code::temporary,
                "the log was not reopened: what reads it has taken nothing for long");
  }
  *sinks_ = std::move(sinks);
  return {};
}

void LogWriter::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t last = taken_ + (queue_.empty() ? 0 : 1);
  written_.wait_for(lock, limits_.stuck, [this, last] { return done_ >= last; });
}

void LogWriter::run() {
  std::vector<Entry> batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty() && stops_) return;
    if (queue_.empty()) {
      sleeps_ = true;
      wake_.wait(lock, [this] { return stops_ || !queue_.empty(); });
      sleeps_ = false;
      continue;
    }
    wake_.wait_for(lock, limits_.gather,
                   [this] { return stops_ || queue_.size() >= limits_.queue / 2; });
    batch.swap(queue_);
    const std::uint64_t dropped = std::exchange(dropped_, 0);
    ++taken_;
    lock.unlock();
    written_.notify_all();
    write(batch, dropped);
    batch.clear();
    lock.lock();
    ++done_;
    written_.notify_all();
  }
}

void LogWriter::write(const std::vector<Entry>& batch, std::uint64_t dropped) {
  const std::scoped_lock lock(sinks_mutex_);
  for (const Entry& entry : batch) {
    try {
      if (const auto* sentence = std::get_if<Sentence>(&entry)) {
        sinks_->line(sentence->level, sentence->time, sentence->text);
        continue;
      }
      const Decision& decision = std::get<Decision>(entry);
      sinks_->line(LogLevel::info, decision.time, to_line(decision));
      sinks_->json += to_json(decision);
      sinks_->json += '\n';
      ++sinks_->in_json;
    } catch (const std::exception&) {  // out of memory: this entry is lost, the thread is not
      ++dropped;
    }
  }
  const WallTime now = clock_.now();
  if (dropped > 0) {
    sinks_->line(LogLevel::error, now,
                 fmt::format("the log could not keep up: {} entries were dropped", dropped));
  }
  sinks_->put_out(now, limits_.complaint_interval);
}

}  // namespace icm
