package rules

import (
	"cmp"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// ChinaTime is the zone of an order's times: China Standard Time, which has no daylight saving.
var ChinaTime = time.FixedZone("CST", 8*3600)

const (
	secondPrecision = "20060102150405"
	dayPrecision    = "20060102"
	// OnAccept is the start of a service that begins when the user confirms.
	OnAccept = "OnAccept"
	day      = 24 * time.Hour
	// prepaidDays lie at least between a prepaid message and its deduction.
	prepaidDays = 7
)

// parseTime reads a time of either precision.
func parseTime(s string) (time.Time, bool) {
	layout := secondPrecision
	if isDay(s) {
		layout = dayPrecision
	}
	t, err := time.ParseInLocation(layout, s, ChinaTime)
	return t, err == nil
}

// isDay tells a day from a second.
func isDay(s string) bool { return len(s) == len(dayPrecision) && s != OnAccept }

// Chinese is a time as orders tell it.
func Chinese(t time.Time) string { return t.In(ChinaTime).Format(secondPrecision) }

// today is the day of the call, from its start.
func (t Terms) today() time.Time {
	start, _ := parseTime(t.Now.In(ChinaTime).Format(dayPrecision))
	return start
}

// checkPlanned holds the times of a new order against the rules. One that is
// over, since it is completed at once, lies in the past.
func (t Terms) checkPlanned(times payscore.TimeRange, over bool) *Refusal {
	if times.StartTime == nil {
		return ParamError("body", "/time_range/start_time", "缺少服务开始时间", "is missing")
	}
	if *times.StartTime != OnAccept {
		start, ok := parseTime(*times.StartTime)
		if !ok {
			return ParamError("body", "/time_range/start_time", "服务开始时间格式错误", "is no date")
		}
		if t.StrictTimes && !over && !t.isAhead(*times.StartTime, start, 0) {
			return ParamError("body", "/time_range/start_time", "服务开始时间必须晚于调用接口的时间", "is not after the time of the call")
		}
	}
	if times.EndTime == nil {
		if times.EndTimeRemark != nil {
			return ParamError("body", "/time_range/end_time_remark", "传服务结束时间备注时必须传服务结束时间", "is only taken with end_time")
		}
		return nil
	}
	if refused := checkOrder(times); refused != nil {
		return refused
	}
	if end, _ := parseTime(*times.EndTime); t.StrictTimes && !over && !t.isAhead(*times.EndTime, end, time.Minute) {
		return ParamError("body", "/time_range/end_time", "服务结束时间必须晚于调用接口的时间", "is not a minute after the time of the call")
	}
	return nil
}

// isAhead says whether a planned time lies over d ahead; a day may be today.
func (t Terms) isAhead(text string, planned time.Time, d time.Duration) bool {
	if isDay(text) {
		return !planned.Before(t.today())
	}
	return planned.After(t.Now.Add(d))
}

// checkEnd holds the times of a completion against the rules and against what
// was planned.
func (t Terms) checkEnd(times, planned *payscore.TimeRange) *Refusal {
	if times.EndTime == nil {
		return ParamError("body", "/time_range/end_time", "缺少服务结束时间", "is required at completion unless it was given before")
	}
	if refused := checkOrder(*times); refused != nil {
		return refused
	}
	if end, _ := parseTime(*times.EndTime); end.After(t.Now) {
		return ParamError("body", "/time_range/end_time", "实际结束时间不能晚于使用完结接口的时间", "is after the time of the call")
	}
	if refused := samePrecision("start", times.StartTime, planned.StartTime); refused != nil {
		return refused
	}
	return samePrecision("end", times.EndTime, cmp.Or(planned.EndTime, planned.StartTime))
}

// samePrecision refuses an actual time of another precision than the first one
// that was sent. OnAccept is a second.
func samePrecision(which string, actual, first *string) *Refusal {
	if actual != nil && first != nil && isDay(*actual) != isDay(*first) {
		return ParamError("body", "/time_range/"+which+"_time", "服务时间的精度与首次传入的不一致", "has another precision than was sent before")
	}
	return nil
}

// checkOrder refuses an end that is no date or not after its start.
func checkOrder(times payscore.TimeRange) *Refusal {
	end, ok := parseTime(*times.EndTime)
	if !ok {
		return ParamError("body", "/time_range/end_time", "服务结束时间格式错误", "is no date")
	}
	if times.StartTime == nil || *times.StartTime == OnAccept {
		return nil
	}
	start, ok := parseTime(*times.StartTime)
	if !ok {
		return ParamError("body", "/time_range/start_time", "服务开始时间格式错误", "is no date")
	}
	sameDay := isDay(*times.EndTime) && end.Format(dayPrecision) == start.Format(dayPrecision)
	if !end.After(start) && !sameDay {
		return RefuseNumber(badRequest, "PARAM_ERROR", catalog.NumberEndBeforeStart)
	}
	return nil
}

// checkPrepaidTime refuses a deduction that a message announces too late.
func (t Terms) checkPrepaidTime(prepaidTime string) *Refusal {
	at, ok := parseTime(prepaidTime)
	if !ok {
		return ParamError("body", "/prepaid_time", "预扣费时间格式错误", "is no date")
	}
	if t.StrictTimes && at.Before(t.today().Add(prepaidDays*day)) {
		return ParamError("body", "/prepaid_time", "预扣费时间至少为调用接口当日的7天之后", "is not 7 days after the day of the call")
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

// Moment is a time as RFC 3339 with China's offset, absent when it is zero.
func Moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.In(ChinaTime).Format(time.RFC3339))
}
