// QueueOrder: where the records of one queue stand in its ConsumeQueue, when that is built again from the log.
//
// A record says its queueOffset itself, and a damaged one may say anything. What follows shows whether to believe it: the next ones go on behind
// it, or where the ones before it end. So the first record of a queue, and one that leaves a gap, waits for two more:
//
//   4 5 6 900 7 8      900 cannot be in front of 7: it is left out, 7 leaves a gap of one
//   4 5 6  12 13 14    the log has lost 7 to 11
//
// A gap is as large as what lies between the two records in the log could be, no more.
#pragma once

#include <optional>
#include <vector>

#include "msg/record.h"

namespace mq::store {

/// On the stack of who builds a queue again. Views into the log's files, which outlive it.
class QueueOrder {
 public:
  struct Placed {
    RecordView record;
    bool left_out = false;   // it can be none of the queue's: it gets no entry
    bool first = false;      // the queue begins with it
    int64_t missing = 0;     // so many entries before it are of no message
  };

  /// The queue's next record in the log's order. Adds those to `out` whose place is known now, in the order of their entries.
  void add(const RecordView& record, std::vector<Placed>& out);
  /// There are no more.
  void finish(std::vector<Placed>& out);

 private:
  /// Where the one before ends; next -1: there is none.
  struct End {
    int64_t next = -1;
    int64_t phy = 0;
  };
  struct Verdict {
    int score = 0;           // records that agree, with the last one placed among them
    int64_t missing = 0;
  };
  static std::optional<int64_t> gap(const End& before, const RecordView& record) noexcept;
  std::optional<Verdict> judge(uint32_t chosen) const noexcept;
  void decide(bool all, std::vector<Placed>& out);
  void place(const RecordView& record, std::vector<Placed>& out);

  End end_;
  std::vector<RecordView> held_;
};

/// What a damaged record may claim and no queue has: less than 0, more than the names of files can say.
bool is_queue_offset(int64_t index) noexcept;

}  // namespace mq::store
