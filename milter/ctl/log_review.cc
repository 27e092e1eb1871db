// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_review.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>

#include <poll.h>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/decision_print.h"
#include "milter/ctl/log_follower.h"
#include "milter/ctl/log_reader.h"

namespace icm::ctl {
namespace {

constexpr std::chrono::milliseconds poll_interval{200};  // how long a new decision may be unseen

// Whether all that was written reached the output.
Status flush(std::FILE* output) {
  if (std::fflush(output) == 0 && std::ferror(output) == 0) return {};
  return fail(Code::permanent, fmt::format("cannot write: {}", std::strerror(errno)));
}

// Prints decisions at once, or keeps the newest of them until the end.
class Printer {
 public:
  Printer(const LogReview& review, std::size_t limit) : review_(review), limit_(limit) {
    if (review.form != Form::json && review.terminal.width() > 0) {
      write(decision_heading(review.terminal));
    }
  }

  void show(std::string_view line, const DecisionRecord& decision) {
    ++shown_;
    if (limit_ == 0) {
      print(line, decision);
      return;
    }
    // Lines are kept, not what is printed: of a million decisions only the last are printed.
    kept_.emplace_back(line);
    if (kept_.size() > limit_) kept_.pop_front();
  }

  // Prints what was kept; from now on everything is printed at once.
  void release() {
    DecisionReader reader;
    DecisionRecord decision;
    for (const std::string& line : kept_) {
      if (reader.read(line, decision)) print(line, decision);  // it could be read before
    }
    kept_.clear();
    limit_ = 0;
  }

  std::uint64_t shown() const { return shown_; }

 private:
  void print(std::string_view line, const DecisionRecord& decision) {
    switch (review_.form) {
      case Form::people:
        write(print_decision(decision, review_.terminal));
        return;
      case Form::brief:
        write(print_brief(decision, review_.terminal));
        return;
      case Form::json:
        write(line);
        write("\n");
        return;
    }
  }
  void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), review_.output); }

  const LogReview& review_;
  std::size_t limit_;
  std::uint64_t shown_ = 0;
  std::deque<std::string> kept_;
};

// Names each of the first bad lines once, also when called again and again.
class BadLines {
 public:
  void report(const ReadingReport& report) {
    for (; said_ < report.examples.size(); ++said_) complain(report.examples[said_]);
  }
  void report_rest(const ReadingReport& report) {
    this->report(report);
    if (report.bad_lines == 0) return;
    complain(report.bad_lines == 1 ? "1 line is no decision and was passed over"
                                   : fmt::format("{} lines are no decisions and were passed over",
                                                 grouped(report.bad_lines)));
  }

 private:
  std::size_t said_ = 0;
};

Status read_all(const LogReview& review, LogReader& reader) {
  ICM_TRY(const std::vector<std::string> files, oldest_first(review.files));
  for (const std::string& file : files) ICM_CHECK(reader.read(file));
  return {};
}

Status read_into(LogSummary& summary, const LogReview& review, ReadingReport& report) {
  constexpr std::uint64_t unknown_total = 0;
  Progress progress("decisions read", unknown_total);
  std::uint64_t read = 0;
  LogReader reader([&](std::string_view, const DecisionRecord& decision) {
    progress.at(++read);
    if (review.filter.admits(decision)) summary.add(decision);
  });
  const Status status = read_all(review, reader);
  report = reader.report();
  return status;
}

// Waits for `interval`; false when nobody reads `stream` any more.
bool wait_while_read(std::FILE* stream, std::chrono::milliseconds interval) {
  pollfd watched{.fd = fileno(stream), .events = 0, .revents = 0};
  const int ready = poll(&watched, 1, static_cast<int>(interval.count()));
  return ready <= 0 || (watched.revents & (POLLERR | POLLNVAL)) == 0;
}

}  // namespace

Exit list_decisions(const LogReview& review, std::size_t limit) {
  Printer printer(review, limit);
  LogReader reader([&](std::string_view line, const DecisionRecord& decision) {
    if (review.filter.admits(decision)) printer.show(line, decision);
  });
  const Status read = read_all(review, reader);
  printer.release();
  const Status written = flush(review.output);
  BadLines().report_rest(reader.report());
  if (!read) return complain(read.error().text);
  if (!written) return complain(written.error().text);
  const std::uint64_t all = reader.report().decisions;
  if (all == 0) {
    return complain(fmt::format("no decision in {}: no mail has come since it was begun; "
                                "icloud-milterctl postfix status says whether the gate is attached",
                                fmt::join(review.files, ", ")),
                    Exit::done);
  }
  if (printer.shown() > 0) return Exit::done;
  return complain(fmt::format("none of {} decisions fits", grouped(all)), Exit::done);
}

Exit follow_decisions(const LogReview& review, std::size_t limit) {
  Result<LogFollower> follower = LogFollower::open(review.files.front());
  if (!follower) return complain(follower.error().text);
  Printer printer(review, limit);
  LogReader reader([&](std::string_view line, const DecisionRecord& decision) {
    if (review.filter.admits(decision)) printer.show(line, decision);
  });
  BadLines bad_lines;
  do {
    const Status read = follower->poll(reader);
    printer.release();
    const Status written = flush(review.output);
    bad_lines.report(reader.report());
    if (!read) return complain(read.error().text);
    if (!written) return complain(written.error().text);
  } while (wait_while_read(review.output, poll_interval));
  return Exit::done;
}

Exit sum_up_decisions(const LogReview& review, SummaryBy by, SummaryOf of, SummaryLimit limit) {
  LogSummary summary(by, of);
  ReadingReport report;
  const Status read = read_into(summary, review, report);
  if (!read) return complain(read.error().text);
  const std::string text = review.form == Form::json ? summary.json(report, limit) + '\n'
                                                     : summary.text(report, limit, review.terminal);
  std::fwrite(text.data(), 1, text.size(), review.output);
  const Status written = flush(review.output);
  BadLines().report_rest(report);
  return written ? Exit::done : complain(written.error().text);
}

}  // namespace icm::ctl
