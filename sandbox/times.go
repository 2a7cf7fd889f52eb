package sandbox

import (
	"cmp"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// Times of an order are China Standard Time, which has no daylight saving.
var chinaTime = time.FixedZone("CST", 8*3600)

const (
	secondPrecision = "20060102150405"
	dayPrecision    = "20060102"
	onAccept        = "OnAccept"
	day             = 24 * time.Hour
	// prepaidDays lie at least between a prepaid message and its deduction.
	prepaidDays = 7
)

// parseTime reads a time of either precision.
func parseTime(s string) (time.Time, bool) {
	layout := secondPrecision
	if isDay(s) {
		layout = dayPrecision
	}
	t, err := time.ParseInLocation(layout, s, chinaTime)
	return t, err == nil
}

// isDay tells a day from a second.
func isDay(s string) bool { return len(s) == len(dayPrecision) && s != onAccept }

// chinese is a time as orders tell it.
func chinese(t time.Time) string { return t.In(chinaTime).Format(secondPrecision) }

// today is the day of the call, from its start.
func (s *Sandbox) today() time.Time {
	t, _ := parseTime(s.now().In(chinaTime).Format(dayPrecision))
	return t
}

// checkPlanned holds the times of a new order against the rules. One that is
// over, since it is completed at once, lies in the past.
func (s *Sandbox) checkPlanned(times payscore.TimeRange, over bool) *refusal {
	if times.StartTime == nil {
		return paramError("body", "/time_range/start_time", "缺少服务开始时间", "is missing")
	}
	if *times.StartTime != onAccept {
		start, ok := parseTime(*times.StartTime)
		if !ok {
			return paramError("body", "/time_range/start_time", "服务开始时间格式错误", "is no date")
		}
		if s.strictTimes && !over && !s.isAhead(*times.StartTime, start, 0) {
			return paramError("body", "/time_range/start_time", "服务开始时间必须晚于调用接口的时间", "is not after the time of the call")
		}
	}
	if times.EndTime == nil {
		if times.EndTimeRemark != nil {
			return paramError("body", "/time_range/end_time_remark", "传服务结束时间备注时必须传服务结束时间", "is only taken with end_time")
		}
		return nil
	}
	if refused := checkOrder(times); refused != nil {
		return refused
	}
	if end, _ := parseTime(*times.EndTime); s.strictTimes && !over && !s.isAhead(*times.EndTime, end, time.Minute) {
		return paramError("body", "/time_range/end_time", "服务结束时间必须晚于调用接口的时间", "is not a minute after the time of the call")
	}
	return nil
}

// isAhead says whether a planned time lies over d ahead; a day may be today.
func (s *Sandbox) isAhead(text string, t time.Time, d time.Duration) bool {
	if isDay(text) {
		return !t.Before(s.today())
	}
	return t.After(s.now().Add(d))
}

// checkEnd holds the times of a completion against the rules and against what
// was planned.
func (s *Sandbox) checkEnd(times, planned *payscore.TimeRange) *refusal {
	if times.EndTime == nil {
		return paramError("body", "/time_range/end_time", "缺少服务结束时间", "is required at completion unless it was given before")
	}
	if refused := checkOrder(*times); refused != nil {
		return refused
	}
	if end, _ := parseTime(*times.EndTime); end.After(s.now()) {
		return paramError("body", "/time_range/end_time", "实际结束时间不能晚于使用完结接口的时间", "is after the time of the call")
	}
	if refused := samePrecision("start", times.StartTime, planned.StartTime); refused != nil {
		return refused
	}
	return samePrecision("end", times.EndTime, cmp.Or(planned.EndTime, planned.StartTime))
}

// samePrecision refuses an actual time of another precision than the first one
// that was sent. OnAccept is a second.
func samePrecision(which string, actual, first *string) *refusal {
	if actual != nil && first != nil && isDay(*actual) != isDay(*first) {
		return paramError("body", "/time_range/"+which+"_time", "服务时间的精度与首次传入的不一致", "has another precision than was sent before")
	}
	return nil
}

// checkOrder refuses an end that is no date or not after its start.
func checkOrder(times payscore.TimeRange) *refusal {
	end, ok := parseTime(*times.EndTime)
	if !ok {
		return paramError("body", "/time_range/end_time", "服务结束时间格式错误", "is no date")
	}
	if times.StartTime == nil || *times.StartTime == onAccept {
		return nil
	}
	start, ok := parseTime(*times.StartTime)
	if !ok {
		return paramError("body", "/time_range/start_time", "服务开始时间格式错误", "is no date")
	}
	sameDay := isDay(*times.EndTime) && end.Format(dayPrecision) == start.Format(dayPrecision)
	if !end.After(start) && !sameDay {
		return refuseNumber(http.StatusBadRequest, "PARAM_ERROR", numberEndBefore)
	}
	return nil
}

// checkPrepaidTime refuses a deduction that a message announces too late.
func (s *Sandbox) checkPrepaidTime(prepaidTime string) *refusal {
	t, ok := parseTime(prepaidTime)
	if !ok {
		return paramError("body", "/prepaid_time", "预扣费时间格式错误", "is no date")
	}
	if s.strictTimes && t.Before(s.today().Add(prepaidDays*day)) {
		return paramError("body", "/prepaid_time", "预扣费时间至少为调用接口当日的7天之后", "is not 7 days after the day of the call")
	}
	return nil
}

// actualTimes are those of the order with those of the completion over them.
func actualTimes(planned, actual *payscore.TimeRange) *payscore.TimeRange {
	times := *planned
	if actual == nil {
		return &times
	}
	for _, field := range []struct{ into, from **string }{
		{&times.StartTime, &actual.StartTime},
		{&times.StartTimeRemark, &actual.StartTimeRemark},
		{&times.EndTime, &actual.EndTime},
		{&times.EndTimeRemark, &actual.EndTimeRemark},
	} {
		if *field.from != nil {
			*field.into = *field.from
		}
	}
	return &times
}

// actualLocation is that of the order with that of the completion over it.
func actualLocation(planned, actual *payscore.Location) *payscore.Location {
	if planned == nil || actual == nil {
		return cmp.Or(actual, planned)
	}
	return &payscore.Location{
		StartLocation: cmp.Or(actual.StartLocation, planned.StartLocation),
		EndLocation:   cmp.Or(actual.EndLocation, planned.EndLocation),
	}
}
