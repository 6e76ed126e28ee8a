package nomos.conformance;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.FilterExpressionType;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageBuilder;
import org.apache.rocketmq.client.apis.producer.Producer;

/** Filters by tag and by SQL92. */
final class FilterRows {
    static final Map<String, RowProgram> ROWS = Map.of(
        "filter-tag", clients -> check(clients, new FilterExpression("OUT"), tagged(clients), List.of("out")),
        "filter-tags", clients -> check(clients, new FilterExpression("OUT || FEE"), tagged(clients),
            List.of("out", "fee")),
        "filter-sql", FilterRows::filterBySql,
        "filter-syntax", FilterRows::refuseSyntaxError);

    private FilterRows() {
    }

    /** Sends all, and checks that those and only those come which the filter passes. */
    private static void check(RowClients clients, FilterExpression filter, List<MessageBuilder> messages,
        List<String> expected) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple(filter);
        for (MessageBuilder message : messages) {
            producer.send(message.build());
        }
        Check.same("received", Messages.bodies(Messages.receiveUntil(consumer, expected.size())), expected);
        Messages.receiveNone(consumer, 1_000);
    }

    private static List<MessageBuilder> tagged(RowClients clients) {
        String topic = clients.topic();
        return List.of(
            Messages.of(topic, "out").setTag("OUT"), Messages.of(topic, "in").setTag("IN"),
            Messages.of(topic, "fee").setTag("FEE"), Messages.of(topic, "none"),
            Messages.of(topic, "outer").setTag("OUTER"));
    }

    private static MessageBuilder priced(RowClients clients, String body, String amount, String region) {
        return Messages.of(clients.topic(), body).setTag("OUT").addProperty("amount", amount)
            .addProperty("region", region);
    }

    private static void filterBySql(RowClients clients) throws Exception {
        FilterExpression filter = new FilterExpression(
            "amount > 1000 AND region IN ('north','south') AND TAGS = 'OUT'", FilterExpressionType.SQL92);
        List<MessageBuilder> messages = List.of(
            priced(clients, "match", "1001", "north"), priced(clients, "small", "1000", "north"),
            priced(clients, "east", "5000", "east"), priced(clients, "other tag", "5000", "south").setTag("IN"),
            priced(clients, "no number", "many", "south"), Messages.of(clients.topic(), "nothing").setTag("OUT"),
            priced(clients, "match too", "2000", "south"));
        check(clients, filter, messages, List.of("match", "match too"));
    }

    private static void refuseSyntaxError(RowClients clients) {
        FilterExpression filter = new FilterExpression("amount > AND", FilterExpressionType.SQL92);
        Refusal.ILLEGAL_FILTER_EXPRESSION.expect(() -> clients.simple(filter).receive(1, Duration.ofSeconds(10)));
    }
}
