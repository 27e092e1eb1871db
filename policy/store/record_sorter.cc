// SPDX-License-Identifier: Apache-2.0
#include "policy/store/record_sorter.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace icm {
namespace {

constexpr std::size_t buffer_size = 256u << 10;  // of each run
using Length = std::uint32_t;

tl::unexpected<Error> file_problem(std::string_view what) {
  return fail(Code::temporary, fmt::format("the import's temporary file: cannot {}: {}", what,
                                           std::strerror(errno)));
}

// /tmp is memory on many hosts, /var/tmp is not.
std::FILE* open_file() {
  const int file = ::open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return file < 0 ? std::tmpfile() : ::fdopen(file, "w+b");
}

std::uint64_t beginning(std::string_view record) {
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < sizeof begin; ++i) {
    begin = begin << 8 | (i < record.size() ? static_cast<unsigned char>(record[i]) : 0u);
  }
  return begin;
}

}  // namespace

void RecordSorter::Chunk::sort() {
  std::ranges::sort(places, [this](const Place& one, const Place& other) {
    if (one.begin != other.begin) return one.begin < other.begin;
    return at(one) < at(other);
  });
}

Status RecordSorter::Chunk::write(std::FILE* file) const {
  for (const Place& place : places) {
    const Length size = place.size;
    if (std::fwrite(&size, sizeof size, 1, file) != 1 ||
        std::fwrite(octets.data() + place.offset, 1, size, file) != size) {
      return file_problem("be written");
    }
  }
  if (std::fflush(file) != 0) return file_problem("be written");
  return {};
}

Status RecordSorter::add(std::string_view record) {
  if (chunk_.octets.size() > room_) ICM_CHECK(spill());
  chunk_.places.push_back({.begin = beginning(record),
                           .offset = static_cast<std::uint32_t>(chunk_.octets.size()),
                           .size = static_cast<std::uint32_t>(record.size())});
  chunk_.octets += record;
  ++size_;
  return {};
}

// Sorts and writes what there is, beside whoever reads the next records.
Status RecordSorter::spill() {
  ICM_CHECK(finish_spilling());
  if (file_ == nullptr) {
    file_.reset(open_file());
    if (file_ == nullptr) return file_problem("be made");
  }
  Run run{.next = written_};
  written_ += chunk_.octets.size() + chunk_.places.size() * sizeof(Length);
  run.end = written_;
  runs_.push_back(std::move(run));
  spilling_ = std::make_unique<Chunk>(std::exchange(chunk_, Chunk()));
  spilled_ = std::async(std::launch::async, [chunk = spilling_.get(), file = file_.get()] {
    chunk->sort();
    return chunk->write(file);
  });
  return {};
}

Status RecordSorter::finish_spilling() {
  if (!spilled_.valid()) return {};
  const Status written = spilled_.get();
  spilling_.reset();
  return written;
}

Status RecordSorter::sort() {
  if (runs_.empty()) {
    chunk_.sort();
    return {};
  }
  ICM_CHECK(spill());
  ICM_CHECK(finish_spilling());
  for (std::size_t run = 0; run < runs_.size(); ++run) ICM_CHECK(put_back(run));
  return {};
}

bool RecordSorter::is_behind(std::size_t one, std::size_t other) const {
  return runs_[one].record > runs_[other].record;
}

// Its next record takes part again; a run that has none is left out.
Status RecordSorter::put_back(std::size_t run) {
  ICM_TRY(const bool is_record, advance(runs_[run]));
  if (!is_record) return {};
  heads_.push_back(run);
  std::ranges::push_heap(
      heads_, [this](std::size_t one, std::size_t other) { return is_behind(one, other); });
  return {};
}

// Reads on, so that at least so many octets stand in the buffer.
Status RecordSorter::fill(Run& run, std::size_t least) {
  run.buffer.erase(0, run.at);
  run.at = 0;
  while (run.buffer.size() < least) {
    const std::size_t had = run.buffer.size();
    const std::size_t more =
        std::min<std::uint64_t>(std::max(buffer_size, least - had), run.end - run.next);
    run.buffer.resize(had + more);
    const ssize_t read =
        ::pread(::fileno(file_.get()), run.buffer.data() + had, more, static_cast<off_t>(run.next));
    if (read == 0) errno = EIO;  // it was cut short
    if (read <= 0) return file_problem("be read");
    run.buffer.resize(had + static_cast<std::size_t>(read));
    run.next += static_cast<std::uint64_t>(read);
  }
  return {};
}

// False at the end of the run.
Result<bool> RecordSorter::advance(Run& run) {
  run.at += run.record.size();
  run.record = {};
  const auto left = [&run] { return run.buffer.size() - run.at; };
  if (left() == 0 && run.next == run.end) return false;
  Length size = 0;
  if (left() < sizeof size) ICM_CHECK(fill(run, sizeof size));
  std::memcpy(&size, run.buffer.data() + run.at, sizeof size);
  if (left() < sizeof size + size) ICM_CHECK(fill(run, sizeof size + size));
  run.at += sizeof size;
  run.record = std::string_view(run.buffer).substr(run.at, size);
  return true;
}

Result<std::optional<std::string_view>> RecordSorter::next() {
  if (runs_.empty()) {
    if (place_ == chunk_.places.size()) return std::nullopt;
    return chunk_.at(chunk_.places[place_++]);
  }
  if (taken_) ICM_CHECK(put_back(*taken_));
  taken_.reset();
  if (heads_.empty()) return std::nullopt;
  std::ranges::pop_heap(
      heads_, [this](std::size_t one, std::size_t other) { return is_behind(one, other); });
  taken_ = heads_.back();
  heads_.pop_back();
  return runs_[*taken_].record;
}

}  // namespace icm
