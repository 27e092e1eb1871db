// SPDX-License-Identifier: Apache-2.0
#include "milter/log_writer.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "policy/base/deadline.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Decision decision(std::string queue_id) {
  Decision made;
  made.envelope.queue_id = std::move(queue_id);
  return made;
}

// What is written to standard error while it lives.
class CapturedStderr {
 public:
  explicit CapturedStderr(const std::filesystem::path& path) : path_(path), before_(::dup(2)) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
    ::dup2(file.get(), 2);
  }
  ~CapturedStderr() {
    ::dup2(before_, 2);
    ::close(before_);
  }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;
  std::vector<std::string> lines() const { return lines_of(read_file(path_)); }

 private:
  std::filesystem::path path_;
  int before_;
};

class LogWriterTest : public testing::Test {
 protected:
  std::unique_ptr<LogWriter> open(LogWriter::Limits limits = {},
                                  LineDestination destination = LineDestination::journal) {
    auto log = LogWriter::open(config_, destination, clock_, limits);
    EXPECT_TRUE(log) << log.error().text;
    return *std::move(log);
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.path() / "decisions.jsonl";
  LogConfig config_{
      .destination = LogDestination::automatic, .facility = "mail", .decisions = path_};
  CapturedStderr stderr_{directory_.path() / "stderr"};
  FixedClock clock_{*parse_time("2026-11-21T08:15:30Z")};
};

TEST_F(LogWriterTest, writes_each_decision_twice) {
  auto log = open();
  log->decision(decision("4A"));
  log->decision(decision("4B"));
  log->flush();
  EXPECT_EQ(stderr_.lines(), (std::vector<std::string>{"<6>" + to_line(decision("4A")),
                                                       "<6>" + to_line(decision("4B"))}));
  EXPECT_EQ(lines_of(read_file(path_)),
            (std::vector<std::string>{to_json(decision("4A")), to_json(decision("4B"))}));
}

TEST_F(LogWriterTest, gives_each_level_its_word_and_its_priority) {
  auto log = open();
  for (const auto level :
       {LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::fatal, LogLevel::panic}) {
    log->say(level, "words");
  }
  log->flush();
  EXPECT_EQ(stderr_.lines(),
            (std::vector<std::string>{"<6>words", "<4>warning: words", "<3>error: words",
                                      "<2>fatal: words", "<2>panic: words"}));
}

TEST_F(LogWriterTest, gives_people_at_a_terminal_the_time) {
  auto log = open({}, LineDestination::terminal);
  log->say(LogLevel::error, "words");
  log->flush();
  EXPECT_EQ(stderr_.lines(), std::vector<std::string>{"2026-11-21T08:15:30.000Z error: words"});
}

TEST_F(LogWriterTest, makes_the_file_for_its_group_only_and_its_directory_too) {
  config_.decisions = directory_.path() / "log" / "decisions.jsonl";
  const mode_t before = ::umask(0);
  open();
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(config_.decisions.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  ASSERT_EQ(::stat((directory_.path() / "log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0750u);
}

TEST_F(LogWriterTest, appends_to_what_is_there) {
  directory_.write("decisions.jsonl", "{}\n");
  open()->decision(decision("4A"));
  EXPECT_EQ(lines_of(read_file(path_)), (std::vector<std::string>{"{}", to_json(decision("4A"))}));
}

TEST_F(LogWriterTest, says_which_file_it_cannot_open) {
  config_.decisions = "/nonexistent/deep/decisions.jsonl";
  const auto log = LogWriter::open(config_, LineDestination::journal, clock_);
  ASSERT_FALSE(log);
  EXPECT_EQ(
      log.error(),
      (Error{Code::config,
             "log.decisions: cannot open /nonexistent/deep/decisions.jsonl for writing: No such "
             "file or directory; make its directory writable for the daemon's user, or name "
             "another file"}));
}

TEST_F(LogWriterTest, follows_no_symbolic_link_to_another_file) {
  std::filesystem::create_symlink(directory_.write("victim", ""), path_);
  const auto log = LogWriter::open(config_, LineDestination::journal, clock_);
  ASSERT_FALSE(log);
  EXPECT_EQ(
      log.error().text,
      "log.decisions: cannot open " + path_ +
          " for writing: Too many levels of symbolic links; make its directory writable for the "
          "daemon's user, or name another file");
}

TEST_F(LogWriterTest, refuses_a_facility_that_syslog_does_not_know) {
  config_.facility = "kern";
  const auto log = LogWriter::open(config_, LineDestination::journal, clock_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error(), (Error{Code::config,
                                "log.facility: expected mail, daemon or local0 to local7, got "
                                "\"kern\""}));
}

TEST_F(LogWriterTest, writes_no_decisions_where_no_file_is_named) {
  config_.decisions.clear();
  auto log = open();
  log->decision(decision("4A"));
  log->flush();
  EXPECT_EQ(stderr_.lines(), std::vector<std::string>{"<6>" + to_line(decision("4A"))});
}

TEST_F(LogWriterTest, goes_on_in_a_new_file_after_rotation) {
  auto log = open();
  log->decision(decision("4A"));
  log->flush();
  std::filesystem::rename(path_, path_ + ".1");
  log->decision(decision("4B"));
  ASSERT_TRUE(log->reopen(config_, LineDestination::journal));
  log->decision(decision("4C"));
  log->flush();
  EXPECT_EQ(lines_of(read_file(path_ + ".1")),
            (std::vector<std::string>{to_json(decision("4A")), to_json(decision("4B"))}));
  EXPECT_EQ(lines_of(read_file(path_)), std::vector<std::string>{to_json(decision("4C"))});
}

TEST_F(LogWriterTest, keeps_the_old_file_when_the_new_one_cannot_be_opened) {
  auto log = open();
  LogConfig wrong = config_;
  wrong.decisions = "/nonexistent/deep/decisions.jsonl";
  EXPECT_FALSE(log->reopen(wrong, LineDestination::journal));
  log->decision(decision("4A"));
  log->flush();
  EXPECT_EQ(lines_of(read_file(path_)), std::vector<std::string>{to_json(decision("4A"))});
}

TEST_F(LogWriterTest, tells_of_a_full_disk_once_in_a_while) {
  config_.decisions = "/dev/full";
  auto log = open();
  for (const auto* queue_id : {"4A", "4B", "4C"}) {
    log->decision(decision(queue_id));
    log->flush();
  }
  EXPECT_EQ(
      stderr_.lines(),
      (std::vector<std::string>{
          "<6>" + to_line(decision("4A")),
          "<3>error: cannot write /dev/full: No space left on device; 1 decisions are missing "
          "there",
          "<6>" + to_line(decision("4B")), "<6>" + to_line(decision("4C"))}));
}

// A limit on the file's size stands for the disk: part of a batch fits, then nothing, then all.
TEST_F(LogWriterTest, leaves_whole_lines_behind_when_the_disk_fills_and_empties) {
  auto log = open();
  log->decision(decision("4A"));
  log->flush();
  const std::string first = to_json(decision("4A")) + "\n";
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{.rlim_cur = first.size() + 10, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  log->decision(decision("4B"));
  log->flush();
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(read_file(path_), first);

  log->decision(decision("4C"));
  log->flush();
  EXPECT_EQ(read_file(path_), first + to_json(decision("4C")) + "\n");
  EXPECT_EQ(stderr_.lines().back(),
            "<4>warning: " + path_ + " is written again; 1 decisions are missing there");
}

TEST_F(LogWriterTest, waits_for_no_sink_that_is_stuck_and_counts_what_it_drops) {
  const std::string fifo = directory_.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  const UniqueFd writer(::open(fifo.c_str(), O_WRONLY));
  ::fcntl(writer.get(), F_SETPIPE_SZ, 4096);
  const int before = ::dup(2);
  ::dup2(writer.get(), 2);
  {
    auto log = open({.queue = 4, .patience = 1ms, .gather = 1ms, .stuck = 10ms});
    log->say(LogLevel::info, std::string(8192, 'x'));  // more than the pipe takes: the writer hangs
    int taken = 0;
    const Deadline full = Deadline::in(60s);
    while (taken < 4096) {
      ASSERT_FALSE(full.passed());
      std::this_thread::sleep_for(1ms);
      ASSERT_EQ(::ioctl(reader.get(), FIONREAD, &taken), 0);
    }
    const auto start = Deadline::Time::now();
    for (int i = 0; i < 10; ++i) log->say(LogLevel::info, "y");
    EXPECT_LT(Deadline::Time::now() - start, 5s) << "callers do not wait for the sink";
    log->flush();
    const Status reopened = log->reopen(config_, LineDestination::journal);
    ASSERT_FALSE(reopened);
    EXPECT_EQ(reopened.error(),
              (Error{Code::temporary,
                     "the log was not reopened: what reads it has taken nothing for long"}));

    std::string seen;
    char buffer[4096];
    std::thread closing([&] { log.reset(); });
    const std::string last = "<3>error: the log could not keep up: 6 entries were dropped\n";
    while (!seen.ends_with(last) && seen.size() < 100000) {
      const ssize_t count = ::read(reader.get(), buffer, sizeof buffer);
      if (count > 0) seen.append(buffer, static_cast<std::size_t>(count));
      if (count < 0) std::this_thread::sleep_for(1ms);
    }
    closing.join();
    EXPECT_EQ(seen, "<6>" + std::string(8192, 'x') + "\n<6>y\n<6>y\n<6>y\n<6>y\n" + last);
  }
  ::dup2(before, 2);
  ::close(before);
}

TEST_F(LogWriterTest, loses_nothing_from_many_threads) {
  constexpr int threads_total = 8;
  constexpr int each = 500;
  {
    auto log = open({.queue = 64, .patience = 60s});
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_total; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < each; ++round) log->decision(decision("4A"));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(lines_of(read_file(path_)).size(), static_cast<std::size_t>(threads_total * each));
}

TEST(LineDestination, follows_the_configuration_and_the_journal) {
  struct stat status {};
  ASSERT_EQ(::fstat(2, &status), 0);
  const std::string ours = fmt::format("{}:{}", status.st_dev, status.st_ino);
  EXPECT_EQ(line_destination(LogDestination::syslog, ours), LineDestination::syslog);
  EXPECT_EQ(line_destination(LogDestination::automatic, ours), LineDestination::journal);
  EXPECT_EQ(line_destination(LogDestination::standard_error, ours), LineDestination::journal);
  EXPECT_EQ(line_destination(LogDestination::standard_error, "1:1"), LineDestination::terminal);
  EXPECT_EQ(line_destination(LogDestination::standard_error, ""), LineDestination::terminal);
}

}  // namespace
}  // namespace icm
