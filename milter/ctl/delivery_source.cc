// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/delivery_source.h"

#include <ctime>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "milter/ctl/followed_file.h"
#include "milter/ctl/mail_users.h"
#include "milter/journal.h"

namespace icm::ctl {
namespace {

class FileSource final : public DeliverySource {
 public:
  FileSource(FollowedFile file, DeliveryLog log) : file_(std::move(file)), log_(std::move(log)) {}

  Result<bool> read(std::size_t lines, WallTime now, std::vector<DeliveryEvent>& events) override {
    for (std::size_t i = 0; i < lines; ++i) {
      ICM_TRY(const auto line, file_.next());
      if (!line) return false;
      log_.read_line(line->text, now, events);
    }
    return true;
  }
  std::string position() const override { return file_.position(); }
  std::optional<std::uint64_t> left() const override { return file_.left(); }
  LogFigures figures() const override { return log_.figures(); }
  std::vector<std::string> take_notices() override { return file_.take_notices(); }

 private:
  FollowedFile file_;
  DeliveryLog log_;
};

class JournalSource final : public DeliverySource {
 public:
  JournalSource(Journal journal, DeliveryLog log)
      : journal_(std::move(journal)), log_(std::move(log)) {}

  Result<bool> read(std::size_t lines, WallTime, std::vector<DeliveryEvent>& events) override {
    for (std::size_t i = 0; i < lines; ++i) {
      ICM_TRY(const auto entry, journal_.next());
      if (!entry) return false;
      const std::size_t known = events.size();
      log_.read_entry(entry->time, entry->program, entry->message, events);
      if (events.size() == known || users_.has(entry->user)) continue;
      events.resize(known);
      ++strange_;
      note_stranger(entry->user);
    }
    return true;
  }
  std::string position() const override { return journal_.cursor(); }
  LogFigures figures() const override {
    LogFigures figures = log_.figures();
    figures.deliveries -= strange_;
    figures.strangers = strange_;
    return figures;
  }
  std::vector<std::string> take_notices() override { return std::exchange(notices_, {}); }

 private:
  // Once for each: whoever writes such lines may write many.
  void note_stranger(std::optional<std::uint32_t> user) {
    if (strangers_.size() >= most_strangers || !strangers_.insert(user).second) return;
    notices_.push_back(
        fmt::format("the journal: not read: what user {} wrote as if it were the mail server; "
                    "expected {}",
                    user ? std::to_string(*user) : std::string("(unknown)"), users_.names()));
  }

  static constexpr std::size_t most_strangers = 20;

  Journal journal_;
  DeliveryLog log_;
  MailUsers users_ = MailUsers::of_this_machine();
  std::set<std::optional<std::uint32_t>> strangers_;
  std::uint64_t strange_ = 0;  // entries of theirs
  std::vector<std::string> notices_;
};

}  // namespace

std::string SourcePlace::name() const {
  if (!log.empty()) return "file " + log;
  return journal_directory.empty() ? "journal" : "journal " + journal_directory;
}

Result<std::unique_ptr<DeliverySource>> open_source(const SourcePlace& place,
                                                    std::optional<std::string_view> position,
                                                    WallTime since,
                                                    std::chrono::milliseconds farewell,
                                                    DeliveryLog log) {
  std::unique_ptr<DeliverySource> source;
  if (place.log.empty()) {
    ICM_TRY(Journal journal, Journal::open(place.journal_directory, position, since));
    source = std::make_unique<JournalSource>(std::move(journal), std::move(log));
  } else {
    ICM_TRY(FollowedFile file,
            FollowedFile::open(place.log, position,
                               {.longest_line = longest_log_line, .farewell = farewell}));
    source = std::make_unique<FileSource>(std::move(file), std::move(log));
  }
  return source;
}

WallTime from_local_time(std::chrono::local_seconds local) {
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(local - day);
  std::tm parts{};
  parts.tm_year = static_cast<int>(date.year()) - 1900;
  parts.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  parts.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  parts.tm_hour = static_cast<int>(time.hours().count());
  parts.tm_min = static_cast<int>(time.minutes().count());
  parts.tm_sec = static_cast<int>(time.seconds().count());
  parts.tm_isdst = -1;
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::from_time_t(std::mktime(&parts)));
}

}  // namespace icm::ctl
