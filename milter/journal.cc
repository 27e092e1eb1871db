// SPDX-License-Identifier: Apache-2.0
#include "milter/journal.h"

#include <cstdlib>
#include <limits>
#include <system_error>

#include <fmt/format.h>
#include <systemd/sd-journal.h>

#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr const char* of_mail = "SYSLOG_FACILITY=2";  // RFC 3164 §4.1.1: LOG_MAIL
constexpr std::size_t longest_value = 64u << 10;      // of a message; longer ones are cut

tl::unexpected<Error> failed(std::string_view what, int result) {
  return fail(Code::permanent, fmt::format("the systemd journal {}: {}", what,
                                           std::generic_category().message(-result)));
}

using Text = Handle<char, &std::free>;

}  // namespace

struct Journal::Reader {
  Handle<sd_journal, &::sd_journal_close> journal;
  std::string cursor;

  std::string value(const char* field) const {
    const void* octets = nullptr;
    std::size_t size = 0;
    if (::sd_journal_get_data(journal.get(), field, &octets, &size) < 0) return {};
    std::string_view text(static_cast<const char*>(octets), size);
    text.remove_prefix(std::min(text.size(), text.find('=') + 1));
    return std::string(text);
  }

  std::optional<std::uint32_t> user() const {
    const auto number = parse_number(value("_UID"));
    if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
  }

  void note_cursor() {
    char* text = nullptr;
    if (::sd_journal_get_cursor(journal.get(), &text) < 0) return;
    cursor = Text(text).get();
  }
};

Journal::Journal(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<Journal> Journal::open(const std::string& directory, std::optional<std::string_view> cursor,
                              WallTime since) {
  sd_journal* opened = nullptr;
  const int result = directory.empty()
                         ? ::sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM)
                         : ::sd_journal_open_directory(&opened, directory.c_str(), 0);
  if (result < 0) return failed("cannot be opened", result);
  auto reader = std::make_unique<Reader>();
  reader->journal.reset(opened);
  ::sd_journal_set_data_threshold(opened, longest_value);
  // Nobody waits for it; but sd_journal_process() hears of rotations only where it was asked for.
  if (const int watched = ::sd_journal_get_fd(opened); watched < 0) {
    return failed("cannot be followed", watched);
  }
  if (const int added = ::sd_journal_add_match(opened, of_mail, 0); added < 0) {
    return failed("cannot be asked for mail", added);
  }
  if (cursor) {
    reader->cursor = *cursor;
    if (const int sought = ::sd_journal_seek_cursor(opened, reader->cursor.c_str()); sought < 0) {
      return failed("does not know its own cursor", sought);
    }
    // The entry itself was read; where it is gone, the next one stands there.
    const int moved = ::sd_journal_next(opened);
    if (moved > 0 && ::sd_journal_test_cursor(opened, reader->cursor.c_str()) <= 0) {
      ::sd_journal_previous(opened);
    }
    return Journal(std::move(reader));
  }
  const auto microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(since.time_since_epoch()).count();
  if (const int sought = ::sd_journal_seek_realtime_usec(
          opened, static_cast<std::uint64_t>(std::max(0L, microseconds)));
      sought < 0) {
    return failed("cannot be searched", sought);
  }
  return Journal(std::move(reader));
}

Result<std::optional<Journal::Entry>> Journal::next() {
  sd_journal* const journal = reader_->journal.get();
  for (;;) {
    int moved = ::sd_journal_next(journal);
    if (moved == 0) {
      // Files that were added, rotated or removed meanwhile.
      if (const int processed = ::sd_journal_process(journal); processed < 0) {
        return failed("cannot be followed", processed);
      }
      moved = ::sd_journal_next(journal);
    }
    if (moved < 0) return failed("cannot be read", moved);
    if (moved == 0) return std::nullopt;
    reader_->note_cursor();
    std::uint64_t microseconds = 0;
    if (::sd_journal_get_realtime_usec(journal, &microseconds) < 0) continue;
    return Entry{.time = WallTime(std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::microseconds(microseconds))),
                 .program = reader_->value("SYSLOG_IDENTIFIER"),
                 .message = reader_->value("MESSAGE"),
                 .user = reader_->user()};
  }
}

std::string Journal::cursor() const { return reader_->cursor; }

}  // namespace icm
